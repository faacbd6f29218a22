/** The points of a shape that can be taken hold of on the map: those in view, and what is between them. */
import { pathsOf, radiusHandle, type At, type Position, type Shape } from "./shape";

/** West, south, east, north. */
export type Box = readonly [number, number, number, number];

/** More in view than this are no help to a hand: then only the shape shows, and the map says to zoom in. */
export const MOST_HANDLES = 400;
/** So many and there is room for the middles of edges too. */
const MOST_MIDDLES = 120;

export type HandleFeature = GeoJSON.Feature<
  GeoJSON.Point,
  { what: "point" | "middle" | "radius"; path: number; point: number; chosen: boolean }
>;

export interface Handles {
  features: HandleFeature[];
  /** There are too many in view. */
  crowded: boolean;
}

export function handlesOf(shape: Shape, view: Box, chosen: At | null): Handles {
  const inView = ([lon, lat]: Position): boolean =>
    lon >= view[0] && lon <= view[2] && lat >= view[1] && lat <= view[3];
  const features: HandleFeature[] = [];
  const paths = pathsOf(shape);
  for (const [path, { positions }] of paths.entries()) {
    for (const [point, position] of positions.entries()) {
      if (!inView(position)) continue;
      if (features.length === MOST_HANDLES) return { features: [], crowded: true };
      const isChosen = chosen?.path === path && chosen.point === point;
      features.push(handle("point", { path, point }, position, isChosen));
    }
  }
  const radius = shape.kind === "circle" ? radiusHandle(shape) : null;
  if (radius) features.push(handle("radius", { path: 0, point: 0 }, radius, false));
  if (features.length <= MOST_MIDDLES) features.push(...middlesOf(shape, inView));
  return { features, crowded: false };
}

function middlesOf(shape: Shape, inView: (position: Position) => boolean): HandleFeature[] {
  if (shape.kind === "circle") return [];
  return pathsOf(shape).flatMap(({ what, positions }, path) =>
    positions.flatMap((position, i) => {
      const isLast = i === positions.length - 1;
      const next = isLast && what === "line" ? undefined : positions[(i + 1) % positions.length];
      if (!next || next === position) return [];
      const middle: Position = [(position[0] + next[0]) / 2, (position[1] + next[1]) / 2];
      return inView(middle) ? [handle("middle", { path, point: i + 1 }, middle, false)] : [];
    }),
  );
}

function handle(
  what: "point" | "middle" | "radius",
  at: At,
  [lon, lat]: Position,
  chosen: boolean,
): HandleFeature {
  return {
    type: "Feature",
    properties: { what, ...at, chosen },
    geometry: { type: "Point", coordinates: [lon, lat] },
  };
}

/** The edges that a point which is dragged has, for a picture while it moves. */
export function edgesAt(shape: Shape, { path, point }: At, isNew: boolean): Position[] {
  const found = pathsOf(shape)[path];
  if (!found || found.what === "center") return [];
  const { what, positions } = found;
  const count = positions.length;
  const after = isNew ? point : point + 1;
  const [before, next] = [point - 1, after];
  const wraps = what !== "line";
  const ends = [
    wraps ? positions[(before + count) % count] : positions[before],
    wraps ? positions[next % count] : positions[next],
  ];
  return ends.filter((end) => end !== undefined);
}
