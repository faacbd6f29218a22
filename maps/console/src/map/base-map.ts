import "maplibre-gl/dist/maplibre-gl.css";
import "./map.css";
import {
  Map as MapLibreMap,
  ScaleControl,
  setWorkerUrl,
  type LayerSpecification,
  type LngLatBoundsLike,
  type StyleSpecification,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import { IDEOGRAPH_FONTS } from "./fonts";
import { layGround } from "./ground.svelte";

setWorkerUrl(workerUrl);

export const TERRITORY: LngLatBoundsLike = [113.83, 22.17, 114.42, 22.56];
type PaintKey = Parameters<MapLibreMap["setPaintProperty"]>[1];

/** A map that shows the territory, north up and flat; every screen's map is one of these. */
export function baseMap(
  container: HTMLElement,
  style: StyleSpecification,
  { interactive = true }: { interactive?: boolean } = {},
): MapLibreMap {
  const map = new MapLibreMap({
    container,
    style,
    interactive,
    bounds: TERRITORY,
    fitBoundsOptions: { padding: 12 },
    minZoom: 7,
    maxZoom: 19,
    maxPitch: 0,
    dragRotate: false,
    touchPitch: false,
    renderWorldCopies: false,
    attributionControl: false,
    localIdeographFontFamily: IDEOGRAPH_FONTS,
    fadeDuration: 0,
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new ScaleControl({ maxWidth: 120 }), "bottom-left");
  layGround(map);
  return map;
}

/** Another theme or language: the same layers with other paint and words. */
export function restyle(map: MapLibreMap, layers: readonly LayerSpecification[]): void {
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer.paint ?? {})) {
      map.setPaintProperty(layer.id, key as PaintKey, value);
    }
    if (layer.type !== "symbol") continue;
    map.setLayoutProperty(layer.id, "text-field", layer.layout?.["text-field"]);
  }
}
