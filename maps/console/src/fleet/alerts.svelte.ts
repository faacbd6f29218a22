import type { Alert, AlertPage, Severity } from "../api/types";
import { Asked } from "./asked";
import { Shelf } from "./shelf.svelte";
import { RANK } from "./urgency";

/** The alerts of a caller by state. The open ones are always known, the others once asked for. */
export class Alerts {
  readonly shelves = {
    open: new Shelf("open"),
    acknowledged: new Shelf("acknowledged"),
    closed: new Shelf("closed"),
  };
  readonly #asked = {
    open: new Asked<Alert>(),
    acknowledged: new Asked<Alert>(),
    closed: new Asked<Alert>(),
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

  /** The first page of a state, once it is there. What was open at the start is no news. */
  async take(state: keyof Alerts["shelves"], page: Promise<AlertPage>): Promise<void> {
    const shelf = this.shelves[state];
    await this.#asked[state].answer(page, (answer, since) => {
      if (state === "open" && shelf.loaded) this.#note(answer.alerts);
      shelf.replace(answer);
      shelf.merge(since);
      this.#settle();
    });
  }

  /** An older page, once it is there; not if the shelf begins anew meanwhile. */
  async takeOlder(state: keyof Alerts["shelves"], page: Promise<AlertPage>): Promise<void> {
    const shelf = this.shelves[state];
    const { next } = shelf;
    const [answer, since] = await this.#asked[state].meanwhile(page);
    if (shelf.next !== next) return;
    shelf.extend(answer);
    shelf.merge(since);
    this.#settle();
  }

  /** These are as they are now. */
  merge(changes: readonly Alert[]): void {
    for (const asked of Object.values(this.#asked)) asked.tell(changes);
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
