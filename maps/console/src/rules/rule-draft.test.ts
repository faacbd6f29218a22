import { expect, test } from "vitest";
import type { Rule } from "../api/rules";
import { draftOf, givenOf, missingOf, newRule, toggled } from "./rule-draft";

const SAVED: Rule = {
  ...{ rule: "FSD/night", department: "FSD", name: { en: "Night", "zh-Hant": "夜間" }, version: 2, revision: 3 },
  ...{ on: ["dwell", "exit"], fence: "FSD/depot", vehicles: ["AMB-1", "VANS"], near: [] },
  window: { days: ["mon", "working"], from: "18:00", to: "08:00" },
  ...{ dwell_s: 600, limit_kmh: null, outside: false, silent_s: null, sensor: null, for_s: null },
  ...{ radius_m: null, severity: "critical", cooldown_s: 900, escalate_after_s: 120 },
  ...{ disabled_at: null, shadow: true, alerts: 4, useful: 1, false: 1, precision: 0.5 },
  explained: { en: "Critical alert …", "zh-Hant": "緊急警報…" },
} as Rule;

test("a saved rule comes out of the form as it went in", () => {
  expect(givenOf(draftOf(SAVED))).toEqual({
    ...{ department: "FSD", ref: "night", name_en: "Night", name_zh_hant: "夜間" },
    ...{ on: ["dwell", "exit"], fence: "depot", outside: false, vehicles: ["AMB-1", "VANS"], near: [] },
    window: { days: ["mon", "working"], from: "18:00", to: "08:00" },
    ...{ dwell_s: 600, limit_kmh: null, silent_s: null, sensor: null, for_s: null, radius_m: null },
    ...{ cooldown_s: 900, escalate_after_s: 120, severity: "critical", shadow: true },
  });
  const whole = draftOf({ ...SAVED, window: { days: ["sun"], from: "00:00", to: "00:00" } });
  expect(givenOf(whole).window).toEqual({ days: ["sun"], from: "00:00", to: "24:00" });
  expect(givenOf(draftOf({ ...SAVED, fence: "POL/pier" })).fence).toBe("POL/pier");
});

test("what the chosen kinds do not use is not sent", () => {
  const draft = { ...newRule("FSD", "depot"), ref: "x", input: "bottom_door", outside: true };
  const given = givenOf(draft);
  expect([given.outside, given.dwell_s, given.sensor, given.radius_m]).toEqual([false, null, null, null]);
  const sensor = givenOf({ ...draft, on: ["sensor"], value: "open", forS: 30 });
  expect(sensor).toMatchObject({ outside: true, for_s: 30 });
  expect(sensor.sensor).toEqual({ input: "bottom_door", op: "is", value: true });
  const hot = givenOf({ ...draft, on: ["sensor"], input: "temp_c", op: ">", value: "8" });
  expect(hot.sensor).toEqual({ input: "temp_c", op: ">", value: 8 });
  expect(givenOf({ ...draft, on: ["duress"], input: "", cooldownMin: 5 })).toMatchObject({
    ...{ sensor: null, cooldown_s: null },
  });
});

test("it says what is missing, and kinds that cannot stand together go", () => {
  const draft = { ...newRule("FSD"), ref: "x" };
  expect(missingOf(draft)).toBeNull();
  expect(missingOf({ ...draft, on: [] })).toBe("on");
  expect(missingOf({ ...draft, on: ["dwell"], dwellMin: null })).toBe("dwell");
  expect(missingOf({ ...draft, on: ["sensor"] })).toBe("sensor");
  expect(missingOf({ ...draft, window: { days: [], from: "00:00", to: "24:00" } })).toBe("days");
  expect(toggled(["enter"], "exit")).toEqual(["enter", "exit"]);
  expect(toggled(["enter", "exit"], "silent")).toEqual(["silent"]);
  expect(toggled(["silent"], "dwell")).toEqual(["dwell"]);
  expect(toggled(["enter"], "enter")).toEqual([]);
});
