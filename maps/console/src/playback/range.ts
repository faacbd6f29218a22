/** Ranges of time that people ask for. */
import { HKT_OFFSET_MS } from "../look/typed-time";

const HOUR_MS = 3_600_000;
/** Shifts begin at these hours of the clock. */
const SHIFT_STARTS_H = [8, 20];
/** The longest range of one playback. */
export const LONGEST_MS = 24 * HOUR_MS;

export interface Range {
  fromMs: number;
  toMs: number;
}

export function lastHour(nowMs: number): Range {
  const toMs = wholeSecond(nowMs);
  return { fromMs: toMs - HOUR_MS, toMs };
}

/** Since the shift began that goes on now. */
export function thisShift(nowMs: number): Range {
  const local = nowMs + HKT_OFFSET_MS;
  const day = Math.floor(local / (24 * HOUR_MS)) * 24 * HOUR_MS;
  const starts = [-1, 0].flatMap((d) => SHIFT_STARTS_H.map((h) => day + (d * 24 + h) * HOUR_MS));
  const began = starts.findLast((start) => start <= local)!;
  return { fromMs: began - HKT_OFFSET_MS, toMs: wholeSecond(nowMs) };
}

/** Half an hour on both sides of a moment, as far as there is one. */
export function around(atMs: number, nowMs: number): Range {
  const toMs = Math.min(atMs + HOUR_MS / 2, wholeSecond(nowMs));
  return { fromMs: Math.min(atMs, toMs) - HOUR_MS / 2, toMs };
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
