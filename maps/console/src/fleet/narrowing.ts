import type { Vehicle } from "../api/types";
import { attention, type Filter, FILTERS, passes } from "./order";
import type { Tracked } from "./fleet.svelte";

export const SORTS = ["attention", "name", "department", "age", "speed"] as const;
export type Sort = (typeof SORTS)[number];

/** Which vehicles the list and the map show; empty texts let all through. */
export interface Narrowing {
  search: string;
  filter: Filter | null;
  department: string;
  application: string;
  cluster: string;
  /** Only those that the map shows now. */
  inView: boolean;
  sort: Sort;
}

export const EVERYTHING: Narrowing = {
  search: "",
  filter: null,
  department: "",
  application: "",
  cluster: "",
  inView: false,
  sort: "attention",
};

/** Whether it shows less than everything. */
export function narrows(narrowing: Narrowing): boolean {
  return Object.keys(said({ ...narrowing, sort: "attention" })).length > 0 || narrowing.search.trim() !== "";
}

/** What of it stands in the address; the search is of the moment and does not. */
export function said({ filter, department, application, cluster, inView, sort }: Narrowing): Record<string, string> {
  const all = {
    status: filter ?? "",
    department,
    application,
    cluster,
    view: inView ? "1" : "",
    sort: sort === "attention" ? "" : sort,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

export const SAID_KEYS = ["status", "department", "application", "cluster", "view", "sort"];

/** What an address says; null where it says nothing of it. */
export function readNarrowing(about: URLSearchParams): Narrowing | null {
  if (!SAID_KEYS.some((key) => about.has(key))) return null;
  const text = (key: string) => about.get(key) ?? "";
  return {
    ...EVERYTHING,
    filter: FILTERS.find((filter) => filter === text("status")) ?? null,
    department: text("department"),
    application: text("application"),
    cluster: text("cluster"),
    inView: text("view") === "1",
    sort: SORTS.find((sort) => sort === text("sort")) ?? "attention",
  };
}

/**
 * Those that pass, `named` being all by name; equals keep their order. `clusterOf` an application. What is in
 * view the map alone knows.
 */
export function chosen(
  named: readonly Tracked[],
  narrowing: Narrowing,
  clusterOf: ReadonlyMap<string, string | null>,
): Tracked[] {
  const words = narrowing.search.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = named.filter((record) => {
    const { vehicle } = record;
    if (narrowing.filter && !passes(record, narrowing.filter)) return false;
    if (!belongs(vehicle, narrowing, clusterOf)) return false;
    return words.every((word) => record.searchText.includes(word));
  });
  return sorted(kept, narrowing.sort);
}

function belongs(
  { department, application }: Vehicle,
  wanted: Narrowing,
  clusterOf: ReadonlyMap<string, string | null>,
): boolean {
  if (wanted.department && department !== wanted.department) return false;
  if (wanted.application && application !== wanted.application) return false;
  return !wanted.cluster || clusterOf.get(application ?? "") === wanted.cluster;
}

function sorted(records: Tracked[], sort: Sort): Tracked[] {
  if (sort === "name") return records;
  const figure: Record<Exclude<Sort, "name" | "department">, (record: Tracked) => number> = {
    attention,
    // The oldest word first, and the fastest: what a dispatcher looks for.
    age: ({ position }) => position?.fixedAtS ?? -Infinity,
    speed: ({ position }) => -(position?.speedMps ?? -1),
  };
  if (sort === "department") {
    return records.toSorted((a, b) => (a.vehicle.department < b.vehicle.department ? -1 : +(a.vehicle.department > b.vehicle.department)));
  }
  return records.toSorted((a, b) => figure[sort](a) - figure[sort](b));
}
