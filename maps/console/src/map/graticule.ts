/** The ground that the basemap covers, degrees: see maps/basemap. */
const WEST = 113.7;
const EAST = 114.62;
const SOUTH = 22.05;
const NORTH = 22.65;
const STEP = 0.1;

export const COVERED: GeoJSON.Polygon = {
  type: "Polygon",
  coordinates: [
    [
      [WEST, SOUTH],
      [EAST, SOUTH],
      [EAST, NORTH],
      [WEST, NORTH],
      [WEST, SOUTH],
    ],
  ],
};

/** Meridians and parallels every tenth of a degree. */
export function graticule(): GeoJSON.MultiLineString {
  return {
    type: "MultiLineString",
    coordinates: [
      ...tenths(WEST, EAST).map((lon) => [
        [lon, SOUTH],
        [lon, NORTH],
      ]),
      ...tenths(SOUTH, NORTH).map((lat) => [
        [WEST, lat],
        [EAST, lat],
      ]),
    ],
  };
}

function tenths(from: number, to: number): number[] {
  const first = Math.ceil(from / STEP - 1e-9);
  const last = Math.floor(to / STEP + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * STEP);
}
