import { expect, test } from "vitest";
import type { Vehicle } from "../api/types";
import type { Tracked } from "./fleet.svelte";
import { chosen, EVERYTHING, narrows, readNarrowing, said, type Narrowing } from "./narrowing";

function tracked(ref: string, more: Partial<Tracked> = {}): Tracked {
  const [department = ""] = ref.split("/");
  const vehicle = { vehicle: ref, department, application: `${department}-USE` } as Vehicle;
  const position = { lon: 114.1, lat: 22.3, fixedAtS: 0, speedMps: 1, directionDeg: null, motion: "moving" as const, glide: null };
  return { vehicle, searchText: ref.toLowerCase(), position, freshness: "fresh", severity: null, ...more };
}

const CLUSTERS = new Map([["FSD-USE", "emergency"], ["TD-USE", "transport"]]);
const FLEET = [
  tracked("FSD/1"),
  tracked("FSD/2", { severity: "critical" }),
  tracked("TD/1", { freshness: "silent" }),
];
const refs = (wanted: Partial<Narrowing>) =>
  chosen(FLEET, { ...EVERYTHING, ...wanted }, CLUSTERS).map(({ vehicle }) => vehicle.vehicle);

test("each way of narrowing lets through what it says", () => {
  expect(refs({})).toEqual(["FSD/2", "TD/1", "FSD/1"]);
  expect(refs({ sort: "name" })).toEqual(["FSD/1", "FSD/2", "TD/1"]);
  expect(refs({ department: "TD" })).toEqual(["TD/1"]);
  expect(refs({ cluster: "emergency", search: "1" })).toEqual(["FSD/1"]);
  expect(refs({ application: "TD-USE" })).toEqual(["TD/1"]);
  expect(refs({ filter: "alert" })).toEqual(["FSD/2"]);
});

test("what stands in the address comes back from it", () => {
  const wanted: Narrowing = { ...EVERYTHING, filter: "moving", department: "FSD", inView: true, sort: "age" };
  expect(readNarrowing(new URLSearchParams(said(wanted)))).toEqual(wanted);
  expect(said(EVERYTHING)).toEqual({});
  expect(readNarrowing(new URLSearchParams("vehicle=FSD/1"))).toBeNull();
  expect([narrows(EVERYTHING), narrows({ ...EVERYTHING, sort: "age" }), narrows(wanted)]).toEqual([false, false, true]);
});
