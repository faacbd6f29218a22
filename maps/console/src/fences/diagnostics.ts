import type { FenceDesk } from "./desk.svelte";
import { countOf, type Position } from "./shape";

/** Read-only figures of this screen for support and for tests, at `window.milepostFences`. */
export interface FenceDiagnostics {
  /** Positions of the shape that is changed. */
  points(): number;
  /** Where a place is on the map, css px from its top left corner. */
  screenPoint(lon: number, lat: number): { x: number; y: number } | null;
  /** Vehicles on the map. */
  vehicles(): number;
  /** Where what would have been raised happened. */
  raised(): readonly Position[];
  /** The map is ready to be drawn on. */
  drawing(): boolean;
}

declare global {
  interface Window {
    milepostFences?: FenceDiagnostics;
  }
}

/** Puts the figures in place; the result takes them away again. */
export function exposeFences(desk: FenceDesk): () => void {
  window.milepostFences = {
    points: () => (desk.draft ? countOf(desk.draft.shape) : 0),
    screenPoint: (lon, lat) => desk.map?.screenPoint([lon, lat] as Position) ?? null,
    vehicles: () => desk.map?.drawn ?? 0,
    raised: () => desk.raised,
    drawing: () => Boolean(desk.map?.drawing),
  };
  return () => delete window.milepostFences;
}
