import type { Map as MapLibreMap } from "maplibre-gl";
import type { VehicleLayer } from "./vehicle-layer";

/** MapLibre's world is one 512 px tile at zoom 0; at zoom 0 a pixel of it is so wide, at the equator. */
const WORLD_PX_M = 78_271.5;
/** What goes fastest, and how far it may step at once, in css px. */
const FASTEST_MPS = 35;
const STEP_PX = 0.7;
const LEAST_FRAME_MS = 33;

/** Draws a map again while symbols are on their way, as often as the eye can see them step. */
export class Gliding {
  #timer = 0;

  /** `onStep` is for what else stands where a symbol stands. */
  constructor(
    private readonly map: MapLibreMap,
    private readonly vehicles: VehicleLayer,
    private readonly onStep: () => void,
  ) {}

  goOn(): void {
    this.stop();
    if (performance.now() > this.vehicles.restsAtMs) return;
    const metresPerPx = WORLD_PX_M / 2 ** this.map.getZoom();
    const frameMs = Math.max((1000 * STEP_PX * metresPerPx) / FASTEST_MPS, LEAST_FRAME_MS);
    this.#timer = window.setTimeout(() => {
      this.map.triggerRepaint();
      this.onStep();
      this.goOn();
    }, frameMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
