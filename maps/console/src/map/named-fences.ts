import { type Area, namePlace } from "../fleet/name-place";

/**
 * The fences, and a point for the name of each: a map cuts areas at the borders of its tiles, and a
 * name that stood on the area would stand in each piece.
 */
export function namedFences<Properties>(
  fences: readonly GeoJSON.Feature<Area, Properties>[],
): GeoJSON.FeatureCollection<GeoJSON.Geometry, Properties> {
  const names = fences.map(
    ({ geometry, properties }): GeoJSON.Feature<GeoJSON.Point, Properties> => ({
      type: "Feature",
      properties,
      geometry: { type: "Point", coordinates: namePlace(geometry) },
    }),
  );
  return { type: "FeatureCollection", features: [...fences, ...names] };
}
