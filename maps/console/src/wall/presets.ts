import type { Caller, Name } from "../api/types";
import districts from "../../../basemap/districts.json";
import type { Tracked } from "../fleet/fleet.svelte";

/** One of the pictures that a wall shows in turn. */
export interface Preset {
  /** As the address has it: `all`, a department's ref, or a district's English name. */
  key: string;
  /** null: all vehicles. */
  name: Name | null;
  shows(record: Tracked): boolean;
}

/** Around a district's label point, degrees: about five kilometres. */
const NEAR_DEG = 0.05;
const EVERY_S = 30;
const LEAST_S = 5;

/** `views=all,FSD,Sha Tin`; without it all vehicles, then each department of the caller. */
export function presetsOf(about: URLSearchParams, caller: Caller): Preset[] {
  const departments = caller.departments.map(({ department }) => department);
  const usual = departments.length > 1 ? ["all", ...departments] : ["all"];
  const wanted = (about.get("views") ?? "").split(",").map((each) => each.trim()).filter(Boolean);
  const known = (wanted.length > 0 ? wanted : usual).flatMap((key) => presetOf(key, caller) ?? []);
  return known.length > 0 ? known : [presetOf("all", caller)!];
}

/** Seconds that each shows: `every=20`. */
export function everyS(about: URLSearchParams): number {
  const said = Number(about.get("every") ?? EVERY_S);
  return Number.isFinite(said) ? Math.max(said, LEAST_S) : EVERY_S;
}

function presetOf(key: string, caller: Caller): Preset | null {
  if (key === "all") return { key, name: null, shows: () => true };
  const department = caller.departments.find((each) => each.department === key);
  if (department) {
    return { key, name: department.name, shows: ({ vehicle }) => vehicle.department === key };
  }
  const district = districts.find(({ name }) => name.en.toLowerCase() === key.toLowerCase());
  if (!district) return null;
  const { name, lon, lat } = district;
  return {
    key,
    name,
    shows: ({ position }) =>
      position !== null &&
      Math.abs(position.lon - lon) <= NEAR_DEG &&
      Math.abs(position.lat - lat) <= NEAR_DEG,
  };
}
