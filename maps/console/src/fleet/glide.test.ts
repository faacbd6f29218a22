import { expect, test } from "vitest";
import { glideTo, shownAt } from "./glide";

const at = (lon: number, fixedAtS: number) => ({ lon, lat: 22.3, fixedAtS, glide: null });

test("a symbol goes from fix to fix and never beyond the newest", () => {
  const glide = glideTo(at(114.1, 0), at(114.11, 4), 1000);
  const shown = (ms: number) => shownAt({ lon: 114.11, lat: 22.3, glide }, ms).lon;
  expect(shown(1000)).toBeCloseTo(114.1, 9);
  expect(shown(3000)).toBeCloseTo(114.105, 9);
  expect([shown(5000), shown(9_999_999)]).toEqual([114.11, 114.11]);
});

test("it goes on from where it shows, and is at the fix within five seconds", () => {
  const first = { lon: 114.11, lat: 22.3, fixedAtS: 4, glide: glideTo(at(114.1, 0), at(114.11, 4), 0) };
  const second = glideTo(first, at(114.12, 64), 2000);
  expect(second).toMatchObject({ beganMs: 2000, lastsMs: 5000 });
  expect(second!.fromLon).toBeCloseTo(114.105, 9);
});

test("nothing is made up over a gap, a leap, standing or going back in time", () => {
  expect(glideTo(null, at(114.1, 0), 0)).toBeNull();
  expect(glideTo(at(114.1, 0), at(114.11, 121), 0)).toBeNull();
  expect(glideTo(at(114.1, 0), at(114.2, 10), 0)).toBeNull();
  expect(glideTo(at(114.1, 0), at(114.1, 10), 0)).toBeNull();
  expect(glideTo(at(114.1, 9), at(114.11, 9), 0)).toBeNull();
});
