import type { LonLat } from "../map/overlay";
import { EVERYTHING, type Narrowing } from "../fleet/narrowing";
import type { Name } from "../api/types";

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
  selectedRef = $state<string | null>(null);
  place = $state.raw<AskedPlace | null>(null);
  /** Whether the nearest to the place are listed. */
  nearest = $state(false);
  followed = $state.raw<readonly string[]>([]);
  /** Since when the map and the list's order stand still, unix seconds. */
  pausedAtS = $state<number | null>(null);

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
    else if (this.selectedRef !== null) this.selectedRef = null;
    else if (this.place !== null) this.place = null;
    else return false;
    if (!this.nearest && this.selectedRef === null && this.followed.length === 0) this.place = null;
    return true;
  }
}
