import { expect, test } from "vitest";
import { age, clockTime, direction, moment, place, speed } from "./format";
import { language, nameRun, sayCode, sayCount } from "./language.svelte";

const NOON_S = Date.parse("2026-11-23T04:00:00Z") / 1000;

test("times are Hong Kong's, with the date where it is not today's", () => {
  language.use("en");
  expect(clockTime(NOON_S)).toBe("12:00:00");
  expect(moment(NOON_S, NOON_S + 60)).toBe("12:00:00");
  expect(moment(NOON_S, NOON_S + 86_400)).toBe("23 Nov 2026 12:00:00");
  language.use("zh-Hant");
  expect(moment(NOON_S, NOON_S + 86_400)).toBe("2026年11月23日 12:00:00");
});

test("an age is in whole units, and never negative", () => {
  language.use("en");
  expect([age(-3), age(4.9), age(119), age(120), age(7200), age(172_800)]).toEqual([
    "0 s ago",
    "4 s ago",
    "119 s ago",
    "2 min ago",
    "2 h ago",
    "2 d ago",
  ]);
});

test("what is not known is a dash", () => {
  language.use("en");
  expect(speed(null)).toBe("– km/h");
  expect(speed(10)).toBe("36 km/h");
  expect(direction(null)).toBe("–");
  expect(direction(359.9)).toBe("0° N");
  expect(place(114.1172, 22.354)).toBe("22.35400, 114.11720");
});

test("counts, codes that data adds, and names in one language only", () => {
  language.use("en");
  expect([sayCount("vehicles.count", 1), sayCount("vehicles.count", 1234)]).toEqual([
    "1 vehicle",
    "1,234 vehicles",
  ]);
  expect(sayCode("class", "a class nobody knows")).toBe("a class nobody knows");
  expect(nameRun({ en: "", "zh-Hant": "消防處" })).toEqual({ text: "消防處", lang: "zh-Hant-HK" });
});
