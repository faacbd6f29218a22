import type { Tracked } from "./fleet.svelte";

/** What the buttons above the list count and let through. */
export const FILTERS = ["alert", "moving", "idling", "stopped", "late", "silent"] as const;
export type Filter = (typeof FILTERS)[number];

export function passes({ position, freshness, severity }: Tracked, filter: Filter): boolean {
  if (filter === "alert") return severity !== null;
  if (filter === "late") return freshness === "late";
  const heard = freshness === "fresh" || freshness === "late";
  // Nobody knows how a silent vehicle moves now.
  return filter === "silent" ? !heard : heard && position?.motion === filter;
}

/** Small numbers first: open alerts by severity, then silent, then late, then the rest. */
export function attention({ severity, freshness }: Tracked): number {
  if (severity) return { critical: 0, warning: 1, info: 2 }[severity];
  return { silent: 3, unheard: 3, late: 4, fresh: 5 }[freshness];
}

export function byName(records: readonly Tracked[], tag: "en" | "zh-Hant"): Tracked[] {
  const collator = new Intl.Collator(tag, { numeric: true });
  return records.toSorted(
    (a, b) =>
      collator.compare(a.vehicle.name[tag], b.vehicle.name[tag]) ||
      collator.compare(a.vehicle.vehicle, b.vehicle.vehicle),
  );
}

export function countByFilter(records: readonly Tracked[]): Record<Filter, number> {
  const counts = { alert: 0, moving: 0, idling: 0, stopped: 0, late: 0, silent: 0 };
  for (const record of records) {
    for (const filter of FILTERS) if (passes(record, filter)) counts[filter] += 1;
  }
  return counts;
}
