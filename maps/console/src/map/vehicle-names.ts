import type {
  GeoJSONSource,
  LngLatBounds,
  Map as MapLibreMap,
  SymbolLayerSpecification,
} from "maplibre-gl";
import type { Tracked } from "../fleet/fleet.svelte";
import { attention } from "../fleet/order";
import type { Palette } from "../look/palette";
import type { LanguageTag } from "../words/language.svelte";
import { TEXT_FONTS } from "./fonts";

export const VEHICLE_NAMES = "vehicle-names";
/** From here on there is room between vehicles for their names. */
const FROM_ZOOM = 12;
/** Text is laid out anew at each update: this many is quick, and more could not be read. */
const MOST = 200;

export function vehicleNamesLayer(
  palette: Palette,
  language: LanguageTag,
): SymbolLayerSpecification {
  return {
    id: VEHICLE_NAMES,
    type: "symbol",
    source: VEHICLE_NAMES,
    minzoom: FROM_ZOOM,
    layout: {
      "text-field": ["get", language, ["get", "name"]],
      "text-font": TEXT_FONTS,
      "text-size": 12,
      "text-anchor": "top",
      "text-offset": [0, 1.1],
      "text-max-width": 10,
      "symbol-sort-key": ["get", "attention"],
    },
    paint: {
      "text-color": palette.text,
      "text-halo-color": palette["map-halo"],
      "text-halo-width": 1.4,
    },
  };
}

/** Names the vehicles in view, where the map is near enough. */
export class VehicleNames {
  #empty = true;

  /** On a map whose style is there. */
  show(map: MapLibreMap, records: readonly Tracked[]): void {
    const source = map.getSource<GeoJSONSource>(VEHICLE_NAMES);
    if (!source) return;
    const features = map.getZoom() < FROM_ZOOM ? [] : featuresIn(map.getBounds(), records);
    // Setting nothing again would still cost a round trip to the worker.
    if (features.length === 0 && this.#empty) return;
    this.#empty = features.length === 0;
    source.setData({ type: "FeatureCollection", features });
  }
}

function featuresIn(
  bounds: LngLatBounds,
  records: readonly Tracked[],
): GeoJSON.Feature<GeoJSON.Point>[] {
  const features: GeoJSON.Feature<GeoJSON.Point>[] = [];
  for (const record of records) {
    if (features.length === MOST) break;
    if (!record.position) continue;
    const at: [number, number] = [record.position.lon, record.position.lat];
    if (!bounds.contains(at)) continue;
    features.push({
      type: "Feature",
      properties: { name: record.vehicle.name, attention: attention(record) },
      geometry: { type: "Point", coordinates: at },
    });
  }
  return features;
}
