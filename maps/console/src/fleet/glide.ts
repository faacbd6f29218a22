/**
 * From one fix to the next a symbol glides instead of jumping. It comes from where it was seen and
 * ends at the newest fix, never beyond: nothing is foretold, and the age that is shown is the fix's.
 */
export interface Glide {
  fromLon: number;
  fromLat: number;
  /** Of the page's own clock, as `performance.now` tells it. */
  beganMs: number;
  lastsMs: number;
}

interface Place {
  lon: number;
  lat: number;
}

/** However far apart two fixes are, the symbol is where the vehicle was last seen after this. */
const LONGEST_MS = 5000;
/** Between fixes that are further apart in time nobody knows the way. */
const LONGEST_GAP_S = 120;
/** A degree: no vehicle goes that far between two fixes, so it was moved, or blurred to a cell. */
const FARTHEST_DEG = 0.05;

/** How the symbol goes on from where it shows now, or null where it jumps. */
export function glideTo(
  before: (Place & { fixedAtS: number; glide: Glide | null }) | null,
  after: Place & { fixedAtS: number },
  nowMs: number,
): Glide | null {
  if (!before) return null;
  const elapsedS = after.fixedAtS - before.fixedAtS;
  // The same fix told again, with another motion: the way there stays.
  if (elapsedS === 0 && after.lon === before.lon && after.lat === before.lat) return before.glide;
  const { lon, lat } = shownAt(before, nowMs);
  const away = Math.max(Math.abs(after.lon - lon), Math.abs(after.lat - lat));
  if (elapsedS <= 0 || elapsedS > LONGEST_GAP_S || away === 0 || away > FARTHEST_DEG) return null;
  const lastsMs = Math.min(elapsedS * 1000, LONGEST_MS);
  return { fromLon: lon, fromLat: lat, beganMs: nowMs, lastsMs };
}

/** Where the symbol stands at a moment: on the way, or at the fix. */
export function shownAt(position: Place & { glide: Glide | null }, nowMs: number): Place {
  const { lon, lat, glide } = position;
  if (!glide) return { lon, lat };
  const left = 1 - progress(glide, nowMs);
  return {
    lon: lon + (glide.fromLon - lon) * left,
    lat: lat + (glide.fromLat - lat) * left,
  };
}

/** 0 at its beginning, 1 from its end on. */
export function progress({ beganMs, lastsMs }: Glide, nowMs: number): number {
  return Math.min(Math.max((nowMs - beganMs) / lastsMs, 0), 1);
}
