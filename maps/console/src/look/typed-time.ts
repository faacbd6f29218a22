/** Times as people type them; all in Hong Kong's time, which has no summer time. */
export const HKT_OFFSET_MS = 8 * 3_600_000;

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
