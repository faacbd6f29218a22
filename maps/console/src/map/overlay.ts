/** What the live map draws over the ground for one person's question: lines, a place, a ring. */
import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap } from "maplibre-gl";
import type { Palette } from "../look/palette";

export interface LonLat {
  lon: number;
  lat: number;
}

const LINES = "question-lines";
const RING = "accuracy-ring";
const EARTH_M_PER_DEG = 111_320;
const RING_POINTS = 48;
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** Its layers' paint, for the theme. */
export function overlayLayers(palette: Palette): LayerSpecification[] {
  return [
    {
      id: `${LINES}-casing`,
      type: "line",
      source: LINES,
      paint: { "line-color": palette["map-halo"], "line-width": 4 },
    },
    {
      id: LINES,
      type: "line",
      source: LINES,
      paint: { "line-color": palette.focus, "line-width": 2, "line-dasharray": [3, 2] },
    },
    {
      id: `${RING}-area`,
      type: "fill",
      source: RING,
      paint: { "fill-color": palette.focus, "fill-opacity": 0.12 },
    },
    {
      id: RING,
      type: "line",
      source: RING,
      paint: { "line-color": palette.focus, "line-width": 1.5 },
    },
  ];
}

/** Puts sources and layers under another layer. */
export function addOverlay(map: MapLibreMap, palette: Palette, before: string): void {
  for (const source of [LINES, RING]) map.addSource(source, { type: "geojson", data: NOTHING });
  for (const layer of overlayLayers(palette)) map.addLayer(layer, before);
}

/** Straight lines from a place to others: how near is measured along them. */
export function drawLines(map: MapLibreMap, from: LonLat | null, to: readonly LonLat[]): void {
  const lines = from ? to.map((end) => line(from, end)) : [];
  map.getSource<GeoJSONSource>(LINES)?.setData({ type: "FeatureCollection", features: lines });
}

/** The circle in which a vehicle is, by what its receiver says. */
export function drawRing(map: MapLibreMap, centre: LonLat | null, radiusM: number | null): void {
  const features = centre && radiusM ? [circle(centre, radiusM)] : [];
  map.getSource<GeoJSONSource>(RING)?.setData({ type: "FeatureCollection", features });
}

function line(from: LonLat, to: LonLat): GeoJSON.Feature {
  const coordinates = [
    [from.lon, from.lat],
    [to.lon, to.lat],
  ];
  return { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } };
}

function circle({ lon, lat }: LonLat, radiusM: number): GeoJSON.Feature {
  const tall = radiusM / EARTH_M_PER_DEG;
  const wide = tall / Math.cos((lat * Math.PI) / 180);
  const ring = Array.from({ length: RING_POINTS + 1 }, (_, i) => {
    const angle = (2 * Math.PI * i) / RING_POINTS;
    return [lon + wide * Math.sin(angle), lat + tall * Math.cos(angle)];
  });
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}
