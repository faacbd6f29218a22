import { expect, test } from "vitest";
import { toField } from "../look/typed-time";
import { aboutOf, choiceIn, inAddress } from "./address";
import { lastHour, thisShift } from "./range";

const NOW = Date.parse("2026-11-23T06:05:30.500Z"); // 14:05:30 in Hong Kong

test("without a word it is the last hour of all", () => {
  const { choice, atMs, known } = choiceIn(new URLSearchParams(), NOW);
  expect(choice).toEqual({ vehicles: [], ...lastHour(NOW) });
  expect([atMs, known]).toEqual([choice.fromMs, "now"]);
});

test("a moment has half an hour on both sides, as far as there is one", () => {
  const about = new URLSearchParams("vehicle=FSD/A&at=2026-11-23T06:00:00Z");
  const { choice, atMs } = choiceIn(about, NOW);
  expect(inAddress(choice.fromMs)).toBe("2026-11-23T05:30:00Z");
  expect(inAddress(choice.toMs)).toBe("2026-11-23T06:05:30Z");
  expect(inAddress(atMs)).toBe("2026-11-23T06:00:00Z");
});

test("what the address says comes back in it", () => {
  const choice = { vehicles: ["FSD/A", "FSD/B"], fromMs: NOW - 500, toMs: NOW + 9_500 };
  const about = aboutOf(choice, NOW + 500, "then");
  const pairs = Object.entries(about).flatMap(([name, value]) =>
    [value].flat().map((each) => [name, each as string]),
  );
  expect(choiceIn(new URLSearchParams(pairs), NOW)).toEqual({ choice, atMs: NOW + 500, known: "then" });
});

test("more than a day is cut, and a range that ends before it begins is none", () => {
  const long = new URLSearchParams("from=2026-11-01T00:00:00Z&to=2026-11-20T00:00:00Z&at=junk");
  expect(inAddress(choiceIn(long, NOW).choice.toMs)).toBe("2026-11-02T00:00:00Z");
  const wrong = new URLSearchParams("from=2026-11-20T00:00:00Z&to=2026-11-01T00:00:00Z");
  expect(choiceIn(wrong, NOW).choice).toMatchObject(lastHour(NOW));
});

test("a shift began at 8 or at 20 o'clock", () => {
  const began = (time: string) => toField(thisShift(Date.parse(time)).fromMs);
  expect(began("2026-11-23T14:05:00+08:00")).toBe("2026-11-23 08:00:00");
  expect(began("2026-11-23T20:00:00+08:00")).toBe("2026-11-23 20:00:00");
  expect(began("2026-11-23T03:00:00+08:00")).toBe("2026-11-22 20:00:00");
});
