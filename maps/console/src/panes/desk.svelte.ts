import type { LonLat } from "../map/overlay";
import { EVERYTHING, type Narrowing } from "../fleet/narrowing";
import type { Tracked } from "../fleet/fleet.svelte";
import type { Name } from "../api/types";
import type { About } from "../screen.svelte";

/** Of the list and the map: both side by side, or one alone. */
export const LAYOUTS = ["both", "table", "map"] as const;
export type Layout = (typeof LAYOUTS)[number];

export const MOST_FOLLOWED = 4;

/** A place that somebody asked about. */
export interface AskedPlace extends LonLat {
  name: Name;
}

/** What the dispatcher is at on the live screen; the panes show it and change it. */
export class Desk {
  narrowing = $state.raw<Narrowing>(EVERYTHING);
  layout = $state<Layout>("both");
  #selectedRef = $state<string | null>(null);
  #selectedAt = $state<string | null>(null);
  place = $state.raw<AskedPlace | null>(null);
  /** Whether the nearest to the place are listed. */
  nearest = $state(false);
  followed = $state.raw<readonly string[]>([]);
  /** Since when the map and the list's order stand still, unix seconds. */
  pausedAtS = $state<number | null>(null);

  get selectedRef(): string | null {
    return this.#selectedRef;
  }

  /** When it happened that led to the selected vehicle; null: now. */
  get selectedAt(): string | null {
    return this.#selectedAt;
  }

  select(ref: string | null, at: string | null = null): void {
    [this.#selectedRef, this.#selectedAt] = [ref, at];
  }

  /** What the past of the selected vehicle is asked about: when something happened, or its last fix. */
  pastOf(selected: Tracked | undefined): About {
    if (!selected) return {};
    const { vehicle } = selected.vehicle;
    const fixedAtS = selected.position?.fixedAtS;
    const at = this.#selectedAt ?? (fixedAtS ? new Date(fixedAtS * 1000).toISOString() : null);
    return at === null ? { vehicle } : { vehicle, at };
  }

  narrow(change: Partial<Narrowing>): void {
    this.narrowing = { ...this.narrowing, ...change };
  }

  nextLayout(): void {
    this.layout = LAYOUTS[(LAYOUTS.indexOf(this.layout) + 1) % LAYOUTS.length]!;
  }

  /** Follows a vehicle, or no longer; the first of too many is let go. */
  follow(ref: string): void {
    this.followed = this.followed.includes(ref)
      ? this.followed.filter((each) => each !== ref)
      : [...this.followed, ref].slice(-MOST_FOLLOWED);
  }

  /** Ends one thing, the newest first; false where there is nothing to end. */
  back(): boolean {
    if (this.nearest) this.nearest = false;
    else if (this.followed.length > 0) this.followed = [];
    else if (this.selectedRef !== null) this.select(null);
    else if (this.place !== null) this.place = null;
    else return false;
    if (!this.nearest && this.selectedRef === null && this.followed.length === 0) this.place = null;
    return true;
  }
}
