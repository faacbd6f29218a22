import type { Alert, AlertPage, Severity } from "../api/types";
import { Shelf } from "./shelf.svelte";
import { RANK } from "./urgency";

/** The alerts of a caller by state. The open ones are always known, the others once asked for. */
export class Alerts {
  readonly shelves = {
    open: new Shelf("open"),
    acknowledged: new Shelf("acknowledged"),
    closed: new Shelf("closed"),
  };
  /** Alerts that opened since `takeNews` was last called. */
  #news: Alert[] = [];
  #known = new Set<string>();
  worstByVehicle: ReadonlyMap<string, Severity> = new Map();

  get open(): readonly Alert[] {
    return this.shelves.open.rows;
  }

  /** How many are open. */
  get count(): string {
    return this.shelves.open.count;
  }

  /** An alert that is on a shelf. */
  get(id: string): Alert | undefined {
    return Object.values(this.shelves)
      .flatMap((shelf) => shelf.rows)
      .find((alert) => alert.id === id);
  }

  /** The first page of a state. What was open at the start is no news. */
  replace(state: keyof Alerts["shelves"], page: AlertPage): void {
    if (state === "open" && this.shelves.open.loaded) this.#note(page.alerts);
    this.shelves[state].replace(page);
    this.#settle();
  }

  merge(changes: readonly Alert[]): void {
    this.#note(changes);
    for (const shelf of Object.values(this.shelves)) shelf.merge(changes);
    this.#settle();
  }

  takeNews(): Alert[] {
    const news = this.#news;
    this.#news = [];
    return news;
  }

  #note(alerts: readonly Alert[]): void {
    this.#news.push(
      ...alerts.filter((alert) => alert.state === "open" && !this.#known.has(alert.id)),
    );
  }

  #settle(): void {
    this.#known = new Set(this.open.map((alert) => alert.id));
    this.worstByVehicle = worstOf(this.open);
  }
}

function worstOf(alerts: readonly Alert[]): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const { vehicle, severity } of alerts) {
    const before = worst.get(vehicle);
    if (before === undefined || RANK[severity] > RANK[before]) worst.set(vehicle, severity);
  }
  return worst;
}
