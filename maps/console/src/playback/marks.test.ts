import { expect, test } from "vitest";
import type { Marks, PlayedAlert } from "../api/playback";
import { inOrder, marksOf, momentOf, stateAt, worstAt } from "./marks";

const NAME = { en: "Depot", "zh-Hant": "車廠" };

function alertOf(rest: Partial<PlayedAlert> = {}): PlayedAlert {
  const opened = "2026-11-23T06:10:00Z";
  return {
    id: "a",
    vehicle: "FSD/A",
    severity: "warning",
    time: "2026-11-23T06:00:00Z",
    not_after: "2026-11-23T06:00:00Z",
    opened_at: opened,
    event_status: "valid",
    state: "closed",
    lon: null,
    lat: null,
    fence_name: null,
    states: [
      { since: opened, state: "open" },
      { since: "2026-11-23T06:20:00Z", state: "acknowledged" },
      { since: "2026-11-23T06:30:00Z", state: "closed" },
    ],
    ...rest,
  } as PlayedAlert;
}

function at(minute: number): number {
  return Date.parse("2026-11-23T06:00:00Z") + minute * 60_000;
}

test("an alert began with its event, but nobody knew before it was opened", () => {
  const states = (known: "now" | "then") =>
    [-1, 5, 15, 25, 35].map((minute) => stateAt(alertOf(), at(minute), known));
  expect(states("now")).toEqual([null, "open", "open", "acknowledged", "closed"]);
  expect(states("then")).toEqual([null, null, "open", "acknowledged", "closed"]);
});

test("what was disproved later stood then", () => {
  const alert = alertOf({ event_status: "withdrawn" });
  expect(stateAt(alert, at(15), "now")).toBeNull();
  expect(stateAt(alert, at(15), "then")).toBe("open");
  expect(inOrder(marksOf([], [alert]), "now")).toEqual([]);
  expect(inOrder(marksOf([], [alert]), "then")).toHaveLength(1);
});

test("the worst open alert of a vehicle is its own", () => {
  const alerts = [alertOf(), alertOf({ severity: "critical" }), alertOf({ severity: "info" })];
  expect([...worstAt(alerts, at(15), "then")]).toEqual([["FSD/A", "critical"]]);
  expect([...worstAt(alerts, at(25), "then")]).toEqual([]);
});

test("marks are in the order in which they happened, or in which they became known", () => {
  const crossing = {
    kind: "enter",
    fence: "FSD/depot",
    fence_name: NAME,
    time: null,
    not_before: null,
    not_after: "2026-11-23T06:01:00Z",
    created_at: "2026-11-23T06:01:01Z",
  } as const;
  const of: Marks = { vehicle: "FSD/A", trips: [], stops: [], gaps: [], crossings: [crossing] };
  const marks = marksOf([of], [alertOf()]);
  expect(inOrder(marks, "now").map(({ kind }) => kind)).toEqual(["alert", "enter"]);
  expect(inOrder(marks, "then").map(({ kind }) => kind)).toEqual(["enter", "alert"]);
  expect(momentOf(marks[0]!, "now")).toBe(at(0));
  expect(momentOf(marks[0]!, "then")).toBe(at(10));
});
