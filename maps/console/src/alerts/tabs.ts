import type { Alert } from "../api/types";
import type { Alerts } from "../fleet/alerts.svelte";
import { inUrgency } from "../fleet/urgency";

export type Tab = "new" | "mine" | "in_hand" | "closed";

export const TABS: readonly Tab[] = ["new", "mine", "in_hand", "closed"];

/** The states whose alerts a tab shows. */
export const STATES: Record<Tab, readonly Alert["state"][]> = {
  new: ["open"],
  mine: ["open", "acknowledged"],
  in_hand: ["acknowledged"],
  closed: ["closed"],
};

/** The alerts of a tab, the most urgent first, closed ones newest first; `me` is what the service calls the caller. */
export function rowsOf(tab: Tab, alerts: Alerts, me: string): readonly Alert[] {
  const { open, acknowledged, closed } = alerts.shelves;
  if (tab === "new") return open.rows;
  if (tab === "in_hand") return acknowledged.rows;
  if (tab === "closed") return closed.rows;
  return [...open.rows, ...acknowledged.rows]
    .filter((alert) => ownerOf(alert) === me)
    .toSorted(inUrgency);
}

/** Whether the alerts of a tab were fetched. */
export function isKnown(tab: Tab, alerts: Alerts): boolean {
  return STATES[tab].every((state) => alerts.shelves[state].loaded);
}

/** How many a tab holds; a `+` where this page does not hold all. */
export function countOf(tab: Tab, alerts: Alerts, me: string): string {
  const more = STATES[tab].some((state) => alerts.shelves[state].next !== null);
  return `${rowsOf(tab, alerts, me).length}${more ? "+" : ""}`;
}

/** Whose it is: whom it was given to, else who acknowledged it. */
export function ownerOf(alert: Alert): string | null {
  return alert.assigned_to ?? alert.acknowledged_by;
}
