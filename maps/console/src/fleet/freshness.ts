/** How far a last known position may be trusted. `unheard`: the vehicle never had one. */
export type Freshness = "fresh" | "late" | "silent" | "unheard";

const FRESH_INTERVALS = 3;
const LATE_INTERVALS = 5;
/** Fast reporters get a minute before they count as late: one lost message is no news. */
const LEAST_INTERVAL_S = 20;

/**
 * Seconds between fixes to expect. The last figure is for rest; of the figures for moving the
 * slowest counts, because the page cannot know which speed class the device is in.
 */
export function expectedIntervalS(intervalS: readonly number[], moving: boolean): number {
  const figure = moving ? intervalS.at(-2) : intervalS.at(-1);
  return Math.max(figure ?? intervalS.at(-1) ?? 0, LEAST_INTERVAL_S);
}

/** Fresh up to three expected intervals, late up to five, then silent. */
export function freshnessOf(ageS: number, intervalS: number): Freshness {
  if (ageS <= FRESH_INTERVALS * intervalS) return "fresh";
  return ageS <= LATE_INTERVALS * intervalS ? "late" : "silent";
}
