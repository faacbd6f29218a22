import { expect, test } from "vitest";
import { History } from "./history";
import { readShape, shapeFrom } from "./read-shape";
import {
  boundsOf,
  countOf,
  definitionOf,
  emptyShape,
  inserted,
  moved,
  pathsOf,
  removed,
  shapeOf,
  withoutRing,
  withRing,
  type Polygon,
  type Position,
} from "./shape";

const SQUARE: Position[] = [
  [114.1, 22.3],
  [114.2, 22.3],
  [114.2, 22.4],
  [114.1, 22.4],
];
const HOLE: Position[] = [
  [114.14, 22.34],
  [114.16, 22.34],
  [114.16, 22.36],
];
const TWO_PARTS = {
  type: "MultiPolygon",
  coordinates: [
    [[...SQUARE, SQUARE[0]], [...HOLE, HOLE[0]]],
    [[...SQUARE.map(([x, y]) => [x + 1, y]), [115.1, 22.3]]],
  ],
};

test("holes and parts are kept, from the service and back", () => {
  const shape = shapeOf({ geometry: TWO_PARTS });
  expect(pathsOf(shape).map(({ what, part }) => [what, part])).toEqual([
    ["outer", 0],
    ["hole", 0],
    ["outer", 1],
  ]);
  expect(definitionOf(shape)).toEqual({ geometry: TWO_PARTS });
  const circle = { center: [114.1, 22.3], radius_m: 50 };
  expect(definitionOf(shapeOf({ geometry: null, circle }))).toEqual({ circle });
  const corridor = { line: SQUARE, each_side_m: 20 };
  expect(definitionOf(shapeOf({ geometry: null, corridor }))).toEqual({ corridor });
});

test("one position of one ring changes and nothing else does", () => {
  const shape = shapeOf({ geometry: TWO_PARTS });
  const after = moved(shape, { path: 1, point: 2 }, [114.15, 22.35123456789]);
  expect(pathsOf(after)[1]!.positions[2]).toEqual([114.15, 22.3512346]);
  expect(pathsOf(after)[0]!.positions).toBe(pathsOf(shape)[0]!.positions);
  expect(countOf(inserted(shape, { path: 2, point: 1 }, [0, 0], [1, 1]))).toBe(countOf(shape) + 2);
  expect(countOf(removed(shape, { path: 0, point: 0 }))).toBe(countOf(shape) - 1);
  expect(boundsOf(shape)).toEqual([114.1, 22.3, 115.2, 22.4]);
});

test("rings come and go; with an outer one its holes", () => {
  const shape = shapeOf({ geometry: TWO_PARTS }) as Polygon;
  expect(withoutRing(shape, 0).parts).toEqual([shape.parts[1]]);
  expect(withoutRing(shape, 1).parts[0]).toEqual([shape.parts[0]![0]]);
  expect(withoutRing(withoutRing(shape, 0), 0).parts).toEqual([[[]]]);
  expect(withRing(shape, { ofPart: 1 }, HOLE).parts[1]![1]).toBe(HOLE);
});

test("what is too little to be a shape is none yet", () => {
  for (const kind of ["polygon", "circle", "corridor"] as const) {
    expect(definitionOf(emptyShape(kind))).toBeNull();
  }
  expect(definitionOf(withRing(shapeOf({ geometry: TWO_PARTS }) as Polygon, null))).toBeNull();
});

test("undo and redo, and doing something else forgets what was undone", () => {
  const history = new History(1);
  history.do(2);
  history.do(3);
  history.undo();
  expect([history.now, history.canRedo]).toEqual([2, true]);
  history.redo();
  expect(history.now).toBe(3);
  history.undo();
  history.do(4);
  history.redo();
  expect([history.now, history.canRedo]).toEqual([4, false]);
});

test("what people paste: latitude first, longitude first, HK1980 Grid, GeoJSON", () => {
  const [a, b] = [SQUARE[0]!, SQUARE[1]!];
  expect(readShape("22.3, 114.1\n22.3, 114.2")).toEqual({ positions: [a, b], crs: "CRS84" });
  expect(readShape("114.1 22.3;114.2 22.3")).toEqual({ positions: [a, b], crs: "CRS84" });
  expect(readShape("835815.5 817727\n836000 817000")).toMatchObject({ crs: "EPSG:2326" });
  expect(readShape(JSON.stringify(TWO_PARTS))).toEqual({ shape: shapeOf({ geometry: TWO_PARTS }) });
  const line = { type: "Feature", properties: null, geometry: { type: "LineString", coordinates: [a, b] } };
  expect(readShape(JSON.stringify(line))).toMatchObject({ shape: { kind: "corridor", line: [a, b] } });
  expect(shapeFrom([...SQUARE, SQUARE[0]!], "polygon", emptyShape("polygon"))).toEqual({
    kind: "polygon",
    parts: [[SQUARE]],
  });
});

test.each([
  ["", "empty"],
  ["{oops", "json"],
  ["22.3, 114.1\nhere", "line"],
  ['{"type":"FeatureCollection","features":[]}', "many"],
  ['{"type":"MultiPoint","coordinates":[]}', "type"],
  ['{"type":"Point","coordinates":[835000,817000]}', "crs"],
  ['{"type":"Polygon","coordinates":[[["a","b"]]]}', "json"],
])("what cannot be read says why: %s", (text, why) => {
  expect(() => readShape(text)).toThrow(why);
});
