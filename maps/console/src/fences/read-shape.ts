/** Shapes as people paste them or keep them in a file: GeoJSON, or coordinates line by line. */
import { polygonOf, type Kind, type Position, type Shape } from "./shape";

/** Numbers too large for degrees are metres of HK1980 Grid. */
export type Read = { shape: Shape } | { positions: Position[]; crs: Crs };
export type Crs = "CRS84" | "EPSG:2326";
/** Why nothing was read; a key of the catalogue ends so. */
export type Unreadable = "empty" | "json" | "many" | "type" | "line" | "crs";

export class NotRead extends Error {
  constructor(
    readonly why: Unreadable,
    readonly where = "",
  ) {
    super(why);
  }
}

const MOST_DEGREES = 180;
const MOST_LATITUDE = 90;
const NUMBER = /[+-]?\d+(?:\.\d+)?/g;

/** Raises NotRead. A single point of GeoJSON is the centre of a circle of `kind`'s usual radius. */
export function readShape(text: string): Read {
  const said = text.trim();
  if (said === "") throw new NotRead("empty");
  return said.startsWith("{") ? { shape: ofGeoJson(parsed(said)) } : ofLines(said);
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new NotRead("json");
  }
}

function ofGeoJson(said: Record<string, unknown>): Shape {
  if (said["type"] === "FeatureCollection") {
    const features = (said["features"] ?? []) as Record<string, unknown>[];
    if (features.length !== 1) throw new NotRead("many", String(features.length));
    return ofGeoJson(features[0]!);
  }
  if (said["type"] !== "Feature") return ofGeometry(said);
  const properties = (said["properties"] ?? {}) as Record<string, Record<string, unknown>>;
  const { circle, corridor } = properties;
  if (circle && isPosition(circle["center"])) {
    return { kind: "circle", center: circle["center"], radiusM: Number(circle["radius_m"]) };
  }
  if (corridor && Array.isArray(corridor["line"]) && corridor["line"].every(isPosition)) {
    return { kind: "corridor", line: corridor["line"], eachSideM: Number(corridor["each_side_m"]) };
  }
  return ofGeometry((said["geometry"] ?? {}) as Record<string, unknown>);
}

function isPosition(one: unknown): one is Position {
  return Array.isArray(one) && one.length >= 2 && one.every((n) => Number.isFinite(n));
}

function ofGeometry(geometry: Record<string, unknown>): Shape {
  const { type, coordinates } = geometry;
  if (type === "Point" && isPosition(coordinates)) {
    return { kind: "circle", center: inDegrees([coordinates])[0]!, radiusM: 300 };
  }
  if (type === "LineString" && Array.isArray(coordinates) && coordinates.every(isPosition)) {
    return { kind: "corridor", line: inDegrees(coordinates), eachSideM: 50 };
  }
  if (type !== "Polygon" && type !== "MultiPolygon") throw new NotRead("type", String(type ?? "–"));
  return polygonFrom({ type, coordinates });
}

function polygonFrom(geometry: { type: string; coordinates: unknown }): Shape {
  try {
    const polygon = polygonOf(geometry);
    for (const ring of polygon.parts.flat()) inDegrees(ring);
    return polygon;
  } catch (error) {
    throw error instanceof NotRead ? error : new NotRead("json");
  }
}

function inDegrees(positions: readonly Position[]): Position[] {
  const isAway = ([lon, lat]: Position): boolean =>
    Math.abs(lon) > MOST_DEGREES || Math.abs(lat) > MOST_LATITUDE;
  if (positions.some(isAway)) throw new NotRead("crs");
  return positions.map(([lon, lat]): Position => [lon, lat]);
}

function ofLines(text: string): Read {
  const pairs = text.split(/[\r\n;]+/).flatMap((line, at) => {
    if (line.trim() === "") return [];
    const numbers = line.match(NUMBER)?.map(Number) ?? [];
    if (numbers.length !== 2) throw new NotRead("line", String(at + 1));
    return [numbers as [number, number]];
  });
  const isGrid = pairs.every((pair) => pair.every((n) => Math.abs(n) > MOST_DEGREES));
  if (isGrid) return { positions: pairs, crs: "EPSG:2326" };
  // People write latitude first; a first number beyond 90 can only be a longitude.
  const isLonFirst = pairs.some(([first]) => Math.abs(first) > MOST_LATITUDE);
  const positions = isLonFirst ? pairs : pairs.map(([lat, lon]): Position => [lon, lat]);
  return { positions: inDegrees(positions), crs: "CRS84" };
}

/** Read positions as a shape of a kind, which may have a width already. */
export function shapeFrom(positions: readonly Position[], kind: Kind, before: Shape): Shape {
  if (kind === "circle") {
    const radiusM = before.kind === "circle" ? before.radiusM : 300;
    return { kind, center: positions[0] ?? null, radiusM };
  }
  if (kind === "corridor") {
    return { kind, line: positions, eachSideM: before.kind === "corridor" ? before.eachSideM : 50 };
  }
  const [first, last] = [positions[0], positions.at(-1)];
  const closes = positions.length > 1 && first![0] === last![0] && first![1] === last![1];
  return { kind, parts: [[closes ? positions.slice(0, -1) : positions]] };
}
