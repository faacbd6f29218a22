/** What `#/playback?vehicle=A&vehicle=B&from=…&to=…&at=…&known=then` asks for, and the way back. */
import type { About } from "../screen.svelte";
import type { Known } from "./instant";
import { around, lastHour, LONGEST_MS } from "./range";
import type { Choice } from "./recall.svelte";

/** The service plays so many named vehicles at once. */
export const MOST_VEHICLES = 20;

export interface Asked {
  choice: Choice;
  atMs: number;
  known: Known;
}

export function choiceIn(about: URLSearchParams, nowMs: number): Asked {
  const at = timeIn(about, "at");
  const range = at === null ? lastHour(nowMs) : around(at, nowMs);
  let fromMs = timeIn(about, "from") ?? range.fromMs;
  let toMs = timeIn(about, "to") ?? range.toMs;
  if (fromMs >= toMs) [fromMs, toMs] = [range.fromMs, range.toMs];
  toMs = Math.min(toMs, fromMs + LONGEST_MS);
  const vehicles = [...new Set(about.getAll("vehicle"))].slice(0, MOST_VEHICLES);
  const atMs = Math.min(Math.max(at ?? fromMs, fromMs), toMs);
  return {
    choice: { vehicles, fromMs, toMs },
    atMs,
    known: about.get("known") === "then" ? "then" : "now",
  };
}

export function aboutOf({ vehicles, fromMs, toMs }: Choice, atMs: number, known: Known): About {
  return { vehicle: vehicles, from: inAddress(fromMs), to: inAddress(toMs), at: inAddress(atMs), known };
}

/** Whole seconds are enough. */
export function inAddress(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}

function timeIn(about: URLSearchParams, name: string): number | null {
  const ms = Date.parse(about.get(name) ?? "");
  return Number.isNaN(ms) ? null : ms;
}
