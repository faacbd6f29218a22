import { expect, test } from "vitest";
import type { Tracked } from "../fleet/fleet.svelte";
import { within } from "./within";

function at(lon: number, lat: number): Tracked {
  return { position: { lon, lat } } as unknown as Tracked;
}

function square(west: number, south: number, side: number): number[][] {
  const [east, north] = [west + side, south + side];
  return [[west, south], [east, south], [east, north], [west, north], [west, south]];
}

test("a vehicle is within an area, and not in its hole or beside it", () => {
  const area: GeoJSON.Polygon = { type: "Polygon", coordinates: [square(0, 0, 10), square(4, 4, 2)] };
  const [middle, hole, beside, unheard] = [at(2, 2), at(5, 5), at(12, 2), { position: null } as Tracked];
  expect(within(area, [middle, hole, beside, unheard])).toEqual([middle]);
});

test("each part of an area counts, also where it is bent", () => {
  const bent = [[20, 0], [30, 0], [30, 10], [29, 10], [29, 1], [20, 1], [20, 0]];
  const area: GeoJSON.MultiPolygon = { type: "MultiPolygon", coordinates: [[square(0, 0, 10)], [bent]] };
  const [first, arm, notch] = [at(5, 5), at(29.5, 5), at(25, 5)];
  expect(within(area, [first, arm, notch])).toEqual([first, arm]);
});
