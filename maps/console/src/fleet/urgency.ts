import type { Alert, Severity } from "../api/types";

export const RANK: Record<Severity, number> = { info: 0, warning: 1, critical: 2 };

/** What to look at next: the worst, and of equals the one that has waited longest. */
export function inUrgency(a: Alert, b: Alert): number {
  return RANK[b.severity] - RANK[a.severity] || newestFirst(b, a);
}

/** What to keep where not all can be kept: the worst, and of equals the newest. */
export function worstFirst(a: Alert, b: Alert): number {
  return RANK[b.severity] - RANK[a.severity] || newestFirst(a, b);
}

export function newestFirst(a: Alert, b: Alert): number {
  return Date.parse(b.opened_at) - Date.parse(a.opened_at);
}
