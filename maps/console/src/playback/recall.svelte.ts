import { untrack } from "svelte";
import { playback, type Marks, type PlayedAlert, type PlayedFences } from "../api/playback";
import type { Caller, Vehicle } from "../api/types";
import { laterNews, positionAt, type Known } from "./instant";
import { inOrder, marksOf, momentOf, worstAt, type Mark } from "./marks";
import { Picture } from "./picture.svelte";
import { Player } from "./player.svelte";
import type { Range } from "./range";
import { Slices } from "./slices.svelte";

/** What is played: which vehicles (none: all), and when. */
export interface Choice extends Range {
  /** Full refs. */
  vehicles: readonly string[];
}

/** Pictures of many vehicles cost more. */
const LEAST_MS = { some: 33, all: 66 };
/** At 60 times life a slice of two minutes is over in two seconds; who only looks around needs none ahead. */
const AHEAD = { playing: 3, still: 0 };

/** One playback: its choice, what was fetched for it, and its cursor. Another choice is another one. */
export class Recall {
  readonly player: Player;
  readonly slices: Slices;
  readonly picture = new Picture();
  known = $state<Known>("now");
  #marks = $state.raw<readonly Marks[]>([]);
  #alerts = $state.raw<readonly PlayedAlert[]>([]);
  #fences = $state.raw<PlayedFences | null>(null);
  #cut = $state(false);
  #failure = $state.raw<unknown>(null);
  #told = $state(false);
  #namesAsked = false;

  readonly marks: readonly Mark[] = $derived(inOrder(marksOf(this.#marks, this.#alerts), this.known));

  constructor(
    readonly choice: Choice,
    atMs: number,
    private readonly caller: Caller,
    private readonly purpose: string,
    vehicles: readonly Vehicle[],
  ) {
    const isAll = choice.vehicles.length === 0;
    this.slices = new Slices(choice, choice.vehicles, purpose);
    const leastMs = isAll ? LEAST_MS.all : LEAST_MS.some;
    this.player = new Player(choice, atMs, (ms) => this.slices.at(ms) !== null, leastMs);
    this.picture.use(vehicles.filter(({ vehicle }) => isAll || choice.vehicles.includes(vehicle)));
    void this.#tell();
    if (!isAll) void this.slices.wantAll();
  }

  get isAll(): boolean {
    return this.choice.vehicles.length === 0;
  }

  get alerts(): readonly PlayedAlert[] {
    return this.#alerts;
  }

  get trips(): readonly Marks[] {
    return this.#marks;
  }

  get fences(): PlayedFences | null {
    return this.#fences;
  }

  /** There are more marks than are shown. */
  get cut(): boolean {
    return this.#cut;
  }

  /** Marks have arrived. */
  get told(): boolean {
    return this.#told;
  }

  get failure(): unknown {
    return this.#failure ?? this.slices.failure;
  }

  /** The picture of the cursor is on its way. */
  get waiting(): boolean {
    return this.slices.at(this.player.atMs) === null && this.slices.failure === null;
  }

  /** Late fixes up to the cursor that had not come by then: of all, in the slice at hand. */
  readonly news: number = $derived.by(() => {
    const atMs = Math.floor(this.player.atMs / 1000) * 1000;
    const slice = this.slices.at(atMs);
    const slices = this.isAll ? (slice ? [slice] : []) : this.slices.all;
    return slices.reduce((sum, each) => sum + (each.fromMs <= atMs ? laterNews(each, atMs) : 0), 0);
  });

  /** To be called whenever the cursor, the slices or `known` changed. */
  show(): void {
    const { atMs, playing } = this.player;
    const slice = this.slices.at(atMs);
    if (this.isAll) void this.slices.want(atMs, playing ? AHEAD.playing : AHEAD.still);
    const worst = worstAt(this.#alerts, atMs, this.known);
    untrack(() => {
      this.picture.show(slice, atMs, this.known, worst);
      if (slice?.ids.some((id) => !this.picture.has(id))) void this.#nameAll();
    });
  }

  /** Where a mark is; what has no place of its own is where its vehicle was, as far as that is there. */
  placeOf({ place, vehicle, atMs }: Mark): [lon: number, lat: number] | null {
    if (place !== null) return place;
    const slice = this.slices.at(atMs);
    const id = untrack(() => this.picture.get(vehicle))?.vehicle.id;
    const at = slice && id !== undefined ? slice.ids.indexOf(id) : -1;
    const found = slice && at >= 0 ? positionAt(slice, at, atMs, "now") : null;
    return found && [found.lon, found.lat];
  }

  /** To the next mark, or the one before; false where there is none. */
  jump(forward: boolean): boolean {
    const { atMs } = this.player;
    const moments = this.marks.map((mark) => momentOf(mark, this.known));
    const next = forward ? moments.find((ms) => ms > atMs) : moments.findLast((ms) => ms < atMs);
    if (next === undefined || next > this.choice.toMs || next < this.choice.fromMs) return false;
    this.player.pause();
    this.player.seek(next);
    return true;
  }

  retry(): void {
    this.#failure = null;
    void this.#tell();
    void this.slices.retry(this.player.atMs);
  }

  stop(): void {
    this.player.pause();
    this.slices.stop();
  }

  async #tell(): Promise<void> {
    try {
      await Promise.all([this.#tellMarks(), this.#tellAlerts(), this.#tellFences()]);
      this.#told = true;
    } catch (error) {
      this.#failure = error;
    }
  }

  async #tellMarks(): Promise<void> {
    if (this.isAll) return;
    const { vehicles, cut } = await playback.marks(this.choice, this.purpose);
    this.#marks = vehicles;
    this.#cut ||= cut;
  }

  async #tellAlerts(): Promise<void> {
    if (!this.caller.permissions.includes("alerts:read")) return;
    const { alerts, cut } = await playback.alerts(this.choice, this.purpose);
    this.#alerts = alerts;
    this.#cut ||= cut;
  }

  async #tellFences(): Promise<void> {
    if (!this.caller.permissions.includes("fences:read")) return;
    this.#fences = await playback.fences(this.choice);
  }

  /** There are vehicles that are no more: once. */
  async #nameAll(): Promise<void> {
    if (this.#namesAsked) return;
    this.#namesAsked = true;
    try {
      const all = await playback.vehicles(this.choice.fromMs);
      const wanted = all.filter(
        ({ vehicle }) => this.isAll || this.choice.vehicles.includes(vehicle),
      );
      this.picture.use(wanted);
      this.show();
    } catch (error) {
      this.#failure = error;
    }
  }
}
