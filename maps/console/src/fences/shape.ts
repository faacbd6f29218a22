/**
 * The shape of a fence while it is edited: what was drawn, not the area that comes of it. Rings are
 * open (their first position stands once). Nothing is changed in place, so that undo costs nothing.
 */
import type { Schemas } from "../api/types";

/** [longitude, latitude], degrees of WGS 84. */
export type Position = readonly [number, number];
export type Ring = readonly Position[];

export interface Polygon {
  kind: "polygon";
  /** Each the outer ring, then its holes. */
  parts: readonly (readonly Ring[])[];
}
export interface Circle {
  kind: "circle";
  center: Position | null;
  radiusM: number | null;
}
export interface Corridor {
  kind: "corridor";
  line: Ring;
  eachSideM: number | null;
}
export type Shape = Polygon | Circle | Corridor;
export type Kind = Shape["kind"];
export const KINDS: readonly Kind[] = ["polygon", "circle", "corridor"];

/** A shape as the service takes it. */
export type Definition = Schemas["ShapeGiven"];

/** Which position of which path: a path is a ring, the corridor's line or the circle's centre. */
export interface At {
  path: number;
  point: number;
}

/** A row of positions, and what it is of. */
export interface Path {
  what: "outer" | "hole" | "line" | "center";
  part: number;
  positions: Ring;
}

const CORRIDOR_SIDE_M = 50;
const CIRCLE_RADIUS_M = 300;
const METRES_A_DEGREE = 111_320;
const CIRCLE_POINTS = 72;
/** About a centimetre, as the service keeps them. */
const DIGITS = 7;

export function emptyShape(kind: Kind): Shape {
  if (kind === "circle") return { kind, center: null, radiusM: CIRCLE_RADIUS_M };
  if (kind === "corridor") return { kind, line: [], eachSideM: CORRIDOR_SIDE_M };
  return { kind, parts: [[[]]] };
}

export function isEmpty(shape: Shape): boolean {
  return pathsOf(shape).every(({ positions }) => positions.length === 0);
}

/** As few digits as say the same place to a centimetre. */
export function rounded([lon, lat]: Position): Position {
  return [Number(lon.toFixed(DIGITS)), Number(lat.toFixed(DIGITS))];
}

export function pathsOf(shape: Shape): Path[] {
  if (shape.kind === "circle") {
    return [{ what: "center", part: 0, positions: shape.center ? [shape.center] : [] }];
  }
  if (shape.kind === "corridor") return [{ what: "line", part: 0, positions: shape.line }];
  return shape.parts.flatMap((rings, part) =>
    rings.map((positions, i): Path => ({ what: i === 0 ? "outer" : "hole", part, positions })),
  );
}

export function countOf(shape: Shape): number {
  return pathsOf(shape).reduce((sum, { positions }) => sum + positions.length, 0);
}

export function positionAt(shape: Shape, at: At): Position | undefined {
  return pathsOf(shape)[at.path]?.positions[at.point];
}

/** The shape with one path's positions changed. */
function withPath(shape: Shape, path: number, change: (positions: Ring) => Ring): Shape {
  if (shape.kind === "circle") {
    return { ...shape, center: change(shape.center ? [shape.center] : [])[0] ?? null };
  }
  if (shape.kind === "corridor") return { ...shape, line: change(shape.line) };
  let number = -1;
  const parts = shape.parts.map((rings) =>
    rings.map((ring) => (++number === path ? change(ring) : ring)),
  );
  return { ...shape, parts };
}

export function moved(shape: Shape, { path, point }: At, to: Position): Shape {
  return withPath(shape, path, (positions) => positions.with(point, rounded(to)));
}

/** The positions come before the one that is at `at` now, or at the end. */
export function inserted(shape: Shape, { path, point }: At, ...added: Position[]): Shape {
  const more = added.map(rounded);
  return withPath(shape, path, (positions) =>
    shape.kind === "circle" ? more.slice(0, 1) : positions.toSpliced(point, 0, ...more),
  );
}

export function removed(shape: Shape, { path, point }: At): Shape {
  return withPath(shape, path, (positions) => positions.toSpliced(point, 1));
}

/** Another part, or a hole of the part that a path is of; empty until it gets its positions. */
export function withRing(shape: Polygon, hole: { ofPart: number } | null, ring: Ring = []): Polygon {
  if (hole === null) return { ...shape, parts: [...shape.parts, [ring]] };
  const parts = shape.parts.map((rings, part) => (part === hole.ofPart ? [...rings, ring] : rings));
  return { ...shape, parts };
}

/** Without a ring: with an outer one its holes go too. */
export function withoutRing(shape: Polygon, path: number): Polygon {
  let number = -1;
  const parts = shape.parts
    .map((rings) => {
      const first = number + 1;
      number += rings.length;
      return first === path ? [] : rings.filter((_, i) => first + i !== path);
    })
    .filter((rings) => rings.length > 0);
  return { ...shape, parts: parts.length > 0 ? parts : [[[]]] };
}

function isKnownRing(ring: unknown): ring is number[][] {
  const isPosition = (one: unknown): boolean =>
    Array.isArray(one) && one.length >= 2 && one.every((n) => Number.isFinite(n));
  return Array.isArray(ring) && ring.every(isPosition);
}

function opened(ring: unknown): Ring {
  if (!isKnownRing(ring)) throw new TypeError("no positions");
  const positions = ring.map(([lon, lat]): Position => [lon!, lat!]);
  const [first, last] = [positions[0], positions.at(-1)];
  const isClosed = positions.length > 1 && first![0] === last![0] && first![1] === last![1];
  return isClosed ? positions.slice(0, -1) : positions;
}

function closed(ring: Ring): Position[] {
  return ring.length === 0 ? [] : [...ring, ring[0]!];
}

/** Raises TypeError for what is no polygon. */
export function polygonOf(geometry: { type: string; coordinates?: unknown }): Polygon {
  const parts = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  if (!Array.isArray(parts)) throw new TypeError("no polygon");
  return { kind: "polygon", parts: parts.map((rings) => (rings as unknown[]).map(opened)) };
}

type Drawn = {
  geometry: unknown;
  circle?: Record<string, unknown> | null | undefined;
  corridor?: Record<string, unknown> | null | undefined;
};

/** A fence, or a version of one, as it was drawn; raises TypeError for none of the shapes. */
export function shapeOf({ geometry, circle, corridor }: Drawn): Shape {
  if (circle) {
    const { center, radius_m } = circle as { center: Position; radius_m: number };
    return { kind: "circle", center: opened([center])[0] ?? null, radiusM: radius_m };
  }
  if (corridor) {
    const { line, each_side_m } = corridor as { line: Position[]; each_side_m: number };
    if (!isKnownRing(line)) throw new TypeError("no line");
    return { kind: "corridor", line, eachSideM: each_side_m };
  }
  return polygonOf(geometry as { type: string; coordinates?: unknown });
}

/** What the service is to judge or to store; null while there is too little of it to be one. */
export function definitionOf(shape: Shape): Definition | null {
  if (shape.kind === "circle") {
    if (!shape.center || shape.radiusM === null) return null;
    return { circle: { center: shape.center, radius_m: shape.radiusM } };
  }
  if (shape.kind === "corridor") {
    if (shape.line.length < 2 || shape.eachSideM === null) return null;
    return { corridor: { line: shape.line, each_side_m: shape.eachSideM } };
  }
  if (shape.parts.some((rings) => rings.some((ring) => ring.length < 3))) return null;
  const parts = shape.parts.map((rings) => rings.map(closed));
  const isOne = parts.length === 1;
  return {
    geometry: isOne
      ? { type: "Polygon", coordinates: parts[0] }
      : { type: "MultiPolygon", coordinates: parts },
  };
}

/** What shows on the map at once; the service's outline replaces it where it says more. */
export function sketchOf(shape: Shape): GeoJSON.Geometry {
  const lines = pathsOf(shape).map(({ what, positions }) =>
    (what === "line" ? positions : closed(positions)).map((one) => [...one]),
  );
  if (shape.kind === "circle") return { type: "Polygon", coordinates: circleRings(shape) };
  const isFull = shape.kind === "polygon" && definitionOf(shape) !== null;
  if (!isFull) return { type: "MultiLineString", coordinates: lines.filter((l) => l.length > 1) };
  const parts = shape.parts.map((rings) => rings.map((ring) => closed(ring).map((p) => [...p])));
  return { type: "MultiPolygon", coordinates: parts };
}

/** Metres of a degree of longitude, then of latitude. */
function degreeM(lat: number): [number, number] {
  return [METRES_A_DEGREE * Math.cos((lat * Math.PI) / 180), METRES_A_DEGREE];
}

function circleRings({ center, radiusM }: Circle): number[][][] {
  if (!center || !radiusM) return [];
  const [lonM, latM] = degreeM(center[1]);
  const ring = Array.from({ length: CIRCLE_POINTS + 1 }, (_, i) => {
    const turn = (2 * Math.PI * (i % CIRCLE_POINTS)) / CIRCLE_POINTS;
    return [
      center[0] + (radiusM * Math.cos(turn)) / lonM,
      center[1] + (radiusM * Math.sin(turn)) / latM,
    ];
  });
  return [ring];
}

/** Metres between two places near each other, for a radius that is drawn. */
export function metresBetween(a: Position, b: Position): number {
  const [lonM, latM] = degreeM((a[1] + b[1]) / 2);
  return Math.hypot((a[0] - b[0]) * lonM, (a[1] - b[1]) * latM);
}

/** Where the handle of a circle's radius is: to its east. */
export function radiusHandle({ center, radiusM }: Circle): Position | null {
  return center && radiusM ? [center[0] + radiusM / degreeM(center[1])[0], center[1]] : null;
}

export type Bounds = [west: number, south: number, east: number, north: number];

/** Around all positions; null of none. */
export function boundsOf(shape: Shape): Bounds | null {
  const sketch = shape.kind === "circle" ? circleRings(shape).flat() : [];
  const all: readonly (readonly number[])[] = [
    ...sketch,
    ...pathsOf(shape).flatMap(({ positions }) => positions),
  ];
  return all.length === 0 ? null : around(all);
}

/** The same of some positions; of none it holds nothing. */
export function around(positions: readonly (readonly number[])[]): Bounds {
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [lon, lat] of positions as readonly [number, number][]) {
    bounds[0] = Math.min(bounds[0], lon);
    bounds[1] = Math.min(bounds[1], lat);
    bounds[2] = Math.max(bounds[2], lon);
    bounds[3] = Math.max(bounds[3], lat);
  }
  return bounds;
}
