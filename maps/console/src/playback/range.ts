/** Ranges of time that people ask for; all in Hong Kong's time, which has no summer time. */
const HKT_OFFSET_MS = 8 * 3_600_000;
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

/** As people read and type it: `2026-11-23 14:05:00`. A browser's own field may have AM and PM. */
export function toField(ms: number): string {
  return new Date(ms + HKT_OFFSET_MS).toISOString().slice(0, 19).replace("T", " ");
}

const TYPED = /^(?:(\d{4}-\d\d-\d\d)[ T])?(\d{1,2}:\d\d)(:\d\d)?$/;

/** What was typed: `14:05` and `14:05:30` are of the day of `nearMs`. Null for what is no time. */
export function fromField(text: string, nearMs: number): number | null {
  const found = TYPED.exec(text.trim());
  if (!found) return null;
  const [, day = toField(nearMs).slice(0, 10), time = "", seconds = ":00"] = found;
  const ms = Date.parse(`${day}T${time.padStart(5, "0")}${seconds}Z`);
  return Number.isNaN(ms) ? null : ms - HKT_OFFSET_MS;
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
