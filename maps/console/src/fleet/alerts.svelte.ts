import type { Alert, Severity } from "../api/types";

const RANK: Record<Severity, number> = { info: 0, warning: 1, critical: 2 };

/** A page that is open for a month must not grow for a month. */
const MOST_KEPT = 1000;

/** The open alerts, newest first. */
export class Alerts {
  #open = $state.raw<readonly Alert[]>([]);
  /** Older ones are open too that this page does not hold. */
  #more = $state(false);
  /** Alerts that opened since `takeNews` was last called. */
  #news: Alert[] = [];
  #known = new Set<string>();
  worstByVehicle: ReadonlyMap<string, Severity> = new Map();

  get open(): readonly Alert[] {
    return this.#open;
  }

  /** How many are open: `12`, or `200+` where there are more than this page holds. */
  get count(): string {
    return `${this.#open.length}${this.#more ? "+" : ""}`;
  }

  /** The first list is what was open already: it is no news. */
  replace(alerts: readonly Alert[], more: boolean): void {
    this.#more = more;
    if (this.#known.size > 0) this.#note(alerts);
    this.#settle(alerts);
  }

  merge(changes: readonly Alert[]): void {
    this.#note(changes);
    const changed = new Set(changes.map((alert) => alert.id));
    this.#settle([...changes, ...this.#open.filter((alert) => !changed.has(alert.id))]);
  }

  takeNews(): Alert[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #note(alerts: readonly Alert[]): void {
    this.#news.push(...alerts.filter((alert) => isOpen(alert) && !this.#known.has(alert.id)));
  }

  #settle(alerts: readonly Alert[]): void {
    const open = alerts
      .filter(isOpen)
      .toSorted((a, b) => Date.parse(b.opened_at) - Date.parse(a.opened_at));
    this.#open = open.slice(0, MOST_KEPT);
    this.#more ||= open.length > MOST_KEPT;
    this.#known = new Set(this.#open.map((alert) => alert.id));
    this.worstByVehicle = worstOf(this.#open);
  }
}

function isOpen(alert: Alert): boolean {
  return alert.state === "open";
}

function worstOf(alerts: readonly Alert[]): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { vehicle, severity } of alerts) {
    const before = worst.get(vehicle);
    if (before === undefined || RANK[severity] > RANK[before]) worst.set(vehicle, severity);
  }
  return worst;
}
