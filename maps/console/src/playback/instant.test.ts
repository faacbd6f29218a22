import { expect, test } from "vitest";
import { laterNews, legsOf, positionAt } from "./instant";
import { BLURRED, ENDS, readSlice, type Slice } from "./slice";

type Fix = [afterMs: number, lonE6: number, delayMs?: number, flags?: number];

/** Vehicles 7, 8, … with these fixes each, as the service packs them; a minute from 1,000,000 on. */
function packed(...vehicles: Fix[][]): ArrayBuffer {
  const fixes = vehicles.flat();
  const buffer = new ArrayBuffer(40 + 8 * vehicles.length + 22 * fixes.length);
  const view = new DataView(buffer);
  view.setUint32(0, 0x5250504d, true);
  view.setUint16(4, 1, true);
  view.setUint32(8, vehicles.length, true);
  view.setUint32(12, fixes.length, true);
  view.setFloat64(16, 1_000_000, true);
  view.setFloat64(24, 1_060_000, true);
  let at = 40;
  vehicles.forEach((_, n) => view.setUint32((at += 4) - 4, 7 + n, true));
  let first = 0;
  for (const each of vehicles) {
    view.setUint32((at += 4) - 4, first, true);
    first += each.length;
  }
  const column = (write: (value: number) => void, values: number[]) => values.forEach(write);
  const i32 = (value: number) => view.setInt32((at += 4) - 4, value, true);
  const u16 = (value: number) => view.setUint16((at += 2) - 2, value, true);
  const u8 = (value: number) => view.setUint8(at++, value);
  const all = (value: number) => Array<number>(fixes.length).fill(value);
  column(i32, fixes.map(([after]) => after));
  column(i32, fixes.map(([, lon]) => lon));
  column(i32, all(22_300_000));
  column(i32, fixes.map(([, , delay = 0]) => delay));
  column(u16, [...all(100), ...all(65535)]);
  column(u8, [...all(1), ...fixes.map(([, , , flags = 0]) => flags)]);
  return buffer;
}

function sliceOf(...vehicles: Fix[][]): Slice {
  return readSlice(packed(...vehicles));
}

function lonAt(slice: Slice, vehicle: number, afterMs: number, known: "now" | "then" = "now") {
  return positionAt(slice, vehicle, 1_000_000 + afterMs, known)?.lon ?? null;
}

test("columns are read in place, each vehicle's own", () => {
  const buffer = packed([[0, 1]], [[0, 2], [5, 3, 9, ENDS]]);
  const slice = readSlice(buffer);
  expect([...slice.ids]).toEqual([7, 8]);
  expect([...slice.first]).toEqual([0, 1, 3]);
  expect([...slice.delayMs]).toEqual([0, 0, 9]);
  expect([...slice.flags]).toEqual([0, 0, ENDS]);
  expect(slice.lonE6.buffer).toBe(buffer);
  expect(() => readSlice(new ArrayBuffer(40))).toThrow("reload");
});

test("between fixes it is on its way, with the age of the one before", () => {
  const slice = sliceOf([[-10_000, 114_000_000], [10_000, 116_000_000, 0, ENDS]]);
  expect(lonAt(slice, 0, 0)).toBe(115);
  expect(positionAt(slice, 0, 1_000_000, "now")).toMatchObject({
    fixedAtS: 990,
    speedMps: 10,
    directionDeg: null,
    motion: "moving",
  });
});

test("before the first, behind the last and across a gap it is nowhere", () => {
  const slice = sliceOf([[0, 1_000_000, 0, ENDS], [50_000, 2_000_000, 0, ENDS]]);
  expect(lonAt(slice, 0, -1)).toBeNull();
  expect(lonAt(slice, 0, 0)).toBe(1);
  expect(lonAt(slice, 0, 1)).toBeNull();
  expect(lonAt(slice, 0, 50_000)).toBe(2);
  expect(lonAt(slice, 0, 50_001)).toBeNull();
});

test("as known then a late fix is not there until it came, and nothing is guessed", () => {
  const slice = sliceOf([[0, 1_000_000], [10_000, 2_000_000, 30_000], [20_000, 3_000_000, 0, ENDS]]);
  expect(lonAt(slice, 0, 10_000)).toBe(2);
  expect(lonAt(slice, 0, 15_000, "then")).toBe(1);
  expect(lonAt(slice, 0, 20_000, "then")).toBe(3);
  expect(lonAt(slice, 0, 59_000, "then")).toBe(3);
  const alone = sliceOf([[0, 1_000_000, 5_000]]);
  expect(lonAt(alone, 0, 4_999, "then")).toBeNull();
  expect(lonAt(alone, 0, 5_000, "then")).toBe(1);
});

test("the antimeridian is crossed the short way", () => {
  const slice = sliceOf([[0, 179_000_000], [10_000, -179_000_000, 0, ENDS]]);
  expect(lonAt(slice, 0, 7_500)).toBeCloseTo(-179.5);
});

test("a blurred place holds for twenty minutes and is on no way", () => {
  const blurred = BLURRED | ENDS;
  const slice = sliceOf([[-1_200_000, 1_000_000, 0, blurred], [600_000, 2_000_000, 0, blurred]]);
  expect(lonAt(slice, 0, 0)).toBe(1);
  expect(lonAt(slice, 0, 1)).toBeNull();
});

test("news is what came more than a minute late and was not there yet", () => {
  const slice = sliceOf([
    [-5_000, 1, 900_000],
    [1_000, 1, 59_000],
    [2_000, 1, 61_000],
    [70_000, 1, 90_000],
  ]);
  expect(laterNews(slice, 1_001_999)).toBe(0);
  expect(laterNews(slice, 1_002_000)).toBe(1);
  expect(laterNews(slice, 1_063_000)).toBe(0);
});

test("ways end at gaps, and then they end at what was known", () => {
  const slice = sliceOf([
    [0, 1_000_000],
    [10_000, 2_000_000, 40_000, ENDS],
    [30_000, 3_000_000],
    [61_000, 4_000_000, 0, ENDS],
  ]);
  const lons = (legs: ReturnType<typeof legsOf>) => legs.map(({ places }) => places.map(([lon]) => lon));
  expect(lons(legsOf(slice, 7, 0, "now"))).toEqual([[1, 2], [3]]);
  expect(lons(legsOf(slice, 7, 1_030_000, "then"))).toEqual([[1], [3]]);
  expect(legsOf(slice, 99, 0, "now")).toEqual([]);
});
