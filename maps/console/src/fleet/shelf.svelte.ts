import type { Alert, AlertPage } from "../api/types";
import { inUrgency, newestFirst, worstFirst } from "./urgency";

/** A page that is open for a month must not grow for a month. */
const MOST_KEPT = 1000;

/**
 * The alerts of one state, those fetched so far, kept true by what the feed tells: the worst first and of
 * these the one that waits longest; of closed ones the newest.
 */
export class Shelf {
  #rows = $state.raw<readonly Alert[]>([]);
  /** Where older ones are. */
  #next = $state<string | null>(null);
  #loaded = $state(false);

  constructor(readonly state: Alert["state"]) {}

  get rows(): readonly Alert[] {
    return this.#rows;
  }

  get next(): string | null {
    return this.#next;
  }

  /** Whether it has been fetched; before that it keeps nothing. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** How many there are: `12`, or `200+` where there are more than this page holds. */
  get count(): string {
    return `${this.#rows.length}${this.#next === null ? "" : "+"}`;
  }

  /** The first page, anew. */
  replace(page: AlertPage): void {
    this.#loaded = true;
    this.#next = page.next;
    this.#settle(page.alerts);
  }

  /** An older page. */
  extend(page: AlertPage): void {
    this.#next = page.next;
    this.#settle([...page.alerts, ...this.#rows]);
  }

  /** These are as they are now, whatever they were. */
  merge(changes: readonly Alert[]): void {
    if (!this.#loaded) return;
    const changed = new Set(changes.map((alert) => alert.id));
    const others = this.#rows.filter((alert) => !changed.has(alert.id));
    this.#settle([...changes, ...others]);
  }

  #settle(alerts: readonly Alert[]): void {
    const closed = this.state === "closed";
    const mine = [...new Map(alerts.map((alert) => [alert.id, alert])).values()]
      .filter((alert) => alert.state === this.state)
      .toSorted(closed ? newestFirst : worstFirst);
    const kept = mine.slice(0, MOST_KEPT);
    this.#rows = closed ? kept : kept.toSorted(inUrgency);
    if (mine.length > MOST_KEPT) {
      this.#next ??= `/v1/alerts?state=${this.state}&before=${kept.at(-1)!.id}`;
    }
  }
}
