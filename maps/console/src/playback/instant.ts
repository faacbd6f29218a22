/**
 * Where vehicles were at an instant of a slice: as it is known now, between the fixes around it; or
 * as it was known then, at the newest fix that had come by then. Never beyond what is known.
 */
import type { Motion, Position } from "../fleet/fleet.svelte";
import { UNKNOWN_U16 } from "../live/frame";
import { BLURRED, ENDS, type Slice } from "./slice";

export type Known = "now" | "then";

/** A blurred place is told of ten minutes, and is known for as long again. */
const BLURRED_FOR_MS = 1_200_000;
/** Later than this a fix is late: the service says the same. */
export const LATE_MS = 60_000;
const MOTIONS: readonly Motion[] = ["unknown", "moving", "idling", "stopped"];

export function positionAt(slice: Slice, vehicle: number, atMs: number, known: Known): Position | null {
  const at = atMs - slice.fromMs;
  const i = lastBy(slice, vehicle, at, known);
  if (i === null) return null;
  const age = at - slice.afterMs[i]!;
  const flags = slice.flags[i]!;
  if (known === "then" || age === 0) return placed(slice, i, 0);
  if (flags & BLURRED) return age <= BLURRED_FOR_MS ? placed(slice, i, 0) : null;
  if (flags & ENDS) return null;
  return placed(slice, i, age / (slice.afterMs[i + 1]! - slice.afterMs[i]!));
}

/** The last fix at or before a time that counts: any, or any that had been received. */
function lastBy(slice: Slice, vehicle: number, at: number, known: Known): number | null {
  const start = slice.first[vehicle]!;
  let low = start;
  let high = slice.first[vehicle + 1]!;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (slice.afterMs[middle]! <= at) low = middle + 1;
    else high = middle;
  }
  let i = low - 1;
  if (known === "then") while (i >= start && slice.afterMs[i]! + slice.delayMs[i]! > at) i--;
  return i >= start ? i : null;
}

/** A fix, or a share of the way from it to the next one. */
function placed(slice: Slice, i: number, share: number): Position {
  const speed = slice.speedDmps[i]!;
  const direction = slice.directionDdeg[i]!;
  const position: Position = {
    lon: slice.lonE6[i]! / 1e6,
    lat: slice.latE6[i]! / 1e6,
    fixedAtS: (slice.fromMs + slice.afterMs[i]!) / 1000,
    speedMps: speed === UNKNOWN_U16 ? null : speed / 10,
    directionDeg: direction === UNKNOWN_U16 ? null : direction / 10,
    motion: MOTIONS[slice.motion[i]!] ?? "unknown",
    glide: null,
  };
  if (share === 0) return position;
  let east = slice.lonE6[i + 1]! / 1e6 - position.lon;
  if (east > 180) east -= 360;
  else if (east < -180) east += 360;
  position.lon = ((position.lon + share * east + 540) % 360) - 180;
  position.lat += share * (slice.latE6[i + 1]! / 1e6 - position.lat);
  return position;
}

/** How many late fixes of the slice's own time, up to an instant, had not come by then. */
export function laterNews(slice: Slice, atMs: number): number {
  const at = Math.min(atMs - slice.fromMs, slice.toMs - slice.fromMs - 1);
  let count = 0;
  for (let i = 0; i < slice.afterMs.length; i++) {
    const after = slice.afterMs[i]!;
    if (after < 0 || after > at || slice.delayMs[i]! <= LATE_MS) continue;
    if (after + slice.delayMs[i]! > atMs - slice.fromMs) count += 1;
  }
  return count;
}

/** What a line of the track or of the graph is made of. */
export interface Leg {
  timesS: number[];
  places: [lon: number, lat: number][];
  speedsMps: (number | null)[];
}

/**
 * The stretches of a vehicle's way in a slice between its gaps; with `then` only of fixes that had
 * come by `atMs`, up to it.
 */
export function legsOf(slice: Slice, id: number, atMs: number, known: Known): Leg[] {
  const vehicle = slice.ids.indexOf(id);
  if (vehicle === -1) return [];
  const legs: Leg[] = [];
  let leg: Leg | null = null;
  const at = atMs - slice.fromMs;
  const whole = slice.toMs - slice.fromMs;
  for (let i = slice.first[vehicle]!; i < slice.first[vehicle + 1]!; i++) {
    const after = slice.afterMs[i]!;
    const come = known === "now" || after + slice.delayMs[i]! <= at;
    // The one behind the slice is the next slice's.
    if (come && after <= whole) {
      if (leg === null) legs.push((leg = { timesS: [], places: [], speedsMps: [] }));
      const speed = slice.speedDmps[i]!;
      leg.timesS.push((slice.fromMs + after) / 1000);
      leg.places.push([slice.lonE6[i]! / 1e6, slice.latE6[i]! / 1e6]);
      leg.speedsMps.push(speed === UNKNOWN_U16 ? null : speed / 10);
    }
    if (slice.flags[i]! & ENDS) leg = null;
  }
  return legs;
}
