/** Times of a form, which are Hong Kong's: it has no summer time. */
const ZONE_MS = 8 * 3_600_000;
const MINUTES = 16;

/** `2026-11-27T18:30` of an instant; empty of none. */
export function typedOf(instant: string | null): string {
  if (instant === null) return "";
  return new Date(Date.parse(instant) + ZONE_MS).toISOString().slice(0, MINUTES);
}

/** The instant that was typed; null of nothing. */
export function instantOf(typed: string): string | null {
  const ms = Date.parse(`${typed}:00+08:00`);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}
