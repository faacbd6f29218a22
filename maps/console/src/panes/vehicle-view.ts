/** What the page says about a vehicle: plain words and figures, made anew whenever it is drawn. */
import type { Name, Vehicle } from "../api/types";
import type { Tracked } from "../fleet/fleet.svelte";
import { symbolOf, type VehicleSymbol } from "../map/symbols";
import { age, direction, moment, place, speed } from "../words/format";
import { say, sayCode } from "../words/language.svelte";

export const DUTY_STATUSES = [
  "available",
  "assigned",
  "en_route",
  "at_scene",
  "leaving",
  "off_duty",
] as const;

export interface VehicleView {
  ref: string;
  name: Name;
  plate: string | null;
  /** Its code. */
  department: string;
  /** Another department's: how it is shared, in words; null for an own vehicle. */
  shared: string | null;
  purpose: string | null;
  sharedUntil: string;
  symbol: VehicleSymbol;
  directionDeg: number | null;
  status: string;
  duty: string | null;
  dutyStatus: string | null;
  /** The figures may not be current: shown weaker, and said in `status`. */
  doubtful: boolean;
  speed: string;
  direction: string;
  age: string;
  fixedAt: string;
  place: string;
}

export function viewOf(record: Tracked, nowS: number): VehicleView {
  const { vehicle, position, freshness } = record;
  const current = freshness === "fresh" || freshness === "late";
  return {
    ref: vehicle.vehicle,
    name: nameOf(vehicle),
    plate: vehicle.plate,
    department: vehicle.department,
    shared: vehicle.granted ? say(`shared.${vehicle.granted}`) : null,
    purpose: vehicle.purpose,
    sharedUntil: vehicle.granted_until
      ? moment(Date.parse(vehicle.granted_until) / 1000, nowS)
      : "–",
    symbol: symbolOf(record),
    directionDeg: position?.directionDeg ?? null,
    status: statusOf(record),
    duty: vehicle.duty_status ? sayCode("duty", vehicle.duty_status) : null,
    dutyStatus: vehicle.duty_status,
    doubtful: freshness !== "fresh",
    speed: speed(current && position ? position.speedMps : null),
    direction: direction(position?.directionDeg ?? null),
    age: position ? age(nowS - position.fixedAtS) : "–",
    fixedAt: position ? moment(position.fixedAtS, nowS) : "–",
    place: position ? place(position.lon, position.lat) : "–",
  };
}

/** A vehicle registered without a name goes by its ref. */
function nameOf({ name, vehicle: ref }: Vehicle): Name {
  return name.en || name["zh-Hant"] ? name : { en: ref, "zh-Hant": ref };
}

function statusOf({ vehicle, position, freshness }: Tracked): string {
  if (vehicle.private) return say("freshness.private");
  if (freshness === "silent" || freshness === "unheard") return say(`freshness.${freshness}`);
  const motion = say(`motion.${position?.motion ?? "unknown"}`);
  return freshness === "late" ? `${motion} · ${say("freshness.late")}` : motion;
}
