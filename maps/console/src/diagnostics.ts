import type { Live, LiveState } from "./live/live.svelte";
import { sound } from "./look/sound.svelte";
import type { LiveMap } from "./map/live-map";

/** Read-only figures for support and for tests of the built page, at `window.milepost`. */
export interface Diagnostics {
  /** Vehicles in the list. */
  vehicles(): number;
  /** Vehicles on the map, in view or not. */
  drawn(): number;
  /** Refs of those that have the ring of an alert there. */
  ringed(): readonly string[];
  /** Number of the last live frame shown. */
  tick(): number;
  state(): LiveState;
  /** How often it sounded. */
  chimes(): number;
  /** Where a vehicle stands on the map, css px from the map's top left corner. */
  screenPoint(ref: string): { x: number; y: number } | null;
}

declare global {
  interface Window {
    milepost?: Diagnostics;
  }
}

/** Puts the figures in place; the result takes them away again. */
export function expose(live: Live, map: () => LiveMap | null): () => void {
  window.milepost = {
    vehicles: () => live.fleet.records.length,
    drawn: () => map()?.drawn ?? 0,
    ringed: () => map()?.ringed ?? [],
    tick: () => live.tick,
    state: () => live.state,
    chimes: () => sound.chimes,
    screenPoint(ref) {
      const position = live.fleet.get(ref)?.position;
      return position ? (map()?.screenPoint(position.lon, position.lat) ?? null) : null;
    },
  };
  return () => delete window.milepost;
}
