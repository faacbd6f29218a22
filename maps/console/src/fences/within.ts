import type { Tracked } from "../fleet/fleet.svelte";
import { around } from "./shape";

type Ring = readonly GeoJSON.Position[];
type Area = GeoJSON.Polygon | GeoJSON.MultiPolygon;

/** The vehicles that stand in an area by their last position; for people, borders are not judged. */
export function within(area: Area, records: readonly Tracked[]): Tracked[] {
  const parts = area.type === "Polygon" ? [area.coordinates] : area.coordinates;
  const boxed = parts.map((rings) => ({ rings, box: around(rings[0] ?? []) }));
  return records.filter(({ position }) => {
    if (!position) return false;
    const { lon, lat } = position;
    return boxed.some(
      ({ rings, box: [west, south, east, north] }) =>
        lon >= west && lon <= east && lat >= south && lat <= north && isIn(rings, lon, lat),
    );
  });
}

/** Holes are crossed once more than what is around them. */
function isIn(rings: readonly Ring[], lon: number, lat: number): boolean {
  let odd = false;
  for (const ring of rings) if (crosses(ring, lon, lat)) odd = !odd;
  return odd;
}

/** Whether a line eastwards from the place crosses the ring an odd number of times. */
function crosses(ring: Ring, lon: number, lat: number): boolean {
  let odd = false;
  for (let i = 1; i < ring.length; i++) {
    const [fromLon, fromLat] = ring[i - 1] as [number, number];
    const [toLon, toLat] = ring[i] as [number, number];
    if (fromLat > lat === toLat > lat) continue;
    if (lon < fromLon + ((lat - fromLat) / (toLat - fromLat)) * (toLon - fromLon)) odd = !odd;
  }
  return odd;
}
