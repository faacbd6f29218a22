import { expect, test } from "vitest";
import type { Caller } from "../api/types";
import { everyS, presetsOf } from "./presets";

const name = { en: "Fire Services", "zh-Hant": "消防處" };
const caller = (...refs: string[]) =>
  ({ departments: refs.map((department) => ({ department, name })) }) as unknown as Caller;
const keys = (views: string, ...refs: string[]) =>
  presetsOf(new URLSearchParams({ views }), caller(...refs)).map(({ key }) => key);

test("a wall shows what its address says, and nothing that the caller may not see", () => {
  expect(keys("all, FSD,sha tin,HKPF", "FSD")).toEqual(["all", "FSD", "sha tin"]);
  expect(keys("HKPF", "FSD")).toEqual(["all"]);
  expect(presetsOf(new URLSearchParams(), caller("FSD", "TD")).map(({ key }) => key)).toEqual(["all", "FSD", "TD"]);
  expect(presetsOf(new URLSearchParams(), caller("FSD")).map(({ key }) => key)).toEqual(["all"]);
});

test("each shows for as long as the address says, within reason", () => {
  const of = (every: string) => everyS(new URLSearchParams({ every }));
  expect([everyS(new URLSearchParams()), of("12"), of("0"), of("soon")]).toEqual([30, 12, 5, 30]);
});
