import { expect, test } from "vitest";
import { namePlace } from "./name-place";

const SQUARE = [
  [0, 0],
  [4, 0],
  [4, 4],
  [0, 4],
  [0, 0],
];
const HOLE = [
  [1, 1],
  [1, 3],
  [3.5, 3],
  [3.5, 1],
  [1, 1],
];

test("a name stands in the middle of a plain area", () => {
  expect(namePlace({ type: "Polygon", coordinates: [SQUARE] })).toEqual([2, 2]);
});

test("it stands in no hole, and in the widest part", () => {
  expect(namePlace({ type: "Polygon", coordinates: [SQUARE, HOLE] })).toEqual([0.5, 2]);
  const far = SQUARE.map(([lon, lat]) => [10 + lon! * 2, lat!]);
  expect(namePlace({ type: "MultiPolygon", coordinates: [[SQUARE], [far]] })).toEqual([14, 2]);
});

test("it stands on an area that bends around its own middle", () => {
  const bent = [
    [0, 0],
    [9, 0],
    [9, 4],
    [8, 4],
    [8, 1],
    [1, 1],
    [1, 4],
    [0, 4],
    [0, 0],
  ];
  const [lon, lat] = namePlace({ type: "Polygon", coordinates: [bent] });
  expect(lat).toBe(2);
  expect([0.5, 8.5]).toContain(lon);
});
