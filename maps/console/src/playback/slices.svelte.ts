import { playback, type Thinning } from "../api/playback";
import { LONGEST_MS, type Range } from "./range";
import type { Slice } from "./slice";

const MINUTE_MS = 60_000;
/** Of all vehicles: a megabyte of ten thousand, and little to wait for after a seek. */
const OF_ALL_MS = 2 * MINUTE_MS;
/** Kept of all vehicles' slices: an hour and some. */
const MOST_KEPT = 40;
/** Ten thousand share a screen: nothing is ever farther off than its symbol is wide. */
const OF_ALL: Thinning = { tolerance_m: 15, step_s: 30 };
const WHOLE: Thinning = { tolerance_m: 0, step_s: 30 };

/** The slices of a range as far as they are fetched, each once. */
export class Slices {
  #slices = $state.raw<ReadonlyMap<number, Slice>>(new Map());
  #failure = $state.raw<unknown>(null);
  readonly #lengthMs: number;
  readonly #asked = new Map<number, Promise<void>>();
  readonly #abort = new AbortController();
  /** The slice that was wanted last: what goes before it has no claim on the service any more. */
  #wanted = NaN;

  constructor(
    readonly range: Range,
    private readonly vehicles: readonly string[],
    private readonly purpose: string,
  ) {
    const some = Math.max(MINUTE_MS * 60, LONGEST_MS / Math.max(vehicles.length, 1));
    this.#lengthMs = vehicles.length === 0 ? OF_ALL_MS : some;
  }

  get failure(): unknown {
    return this.#failure;
  }

  /** Those that are there, in order of time. */
  get all(): readonly Slice[] {
    return [...this.#slices.values()].sort((a, b) => a.fromMs - b.fromMs);
  }

  at(atMs: number): Slice | null {
    return this.#slices.get(this.#startOf(atMs)) ?? null;
  }

  /**
   * Fetches the slice of an instant, and so many after it, unless they are there or on their way; no
   * more of those once another one is wanted, which would wait behind them.
   */
  async want(atMs: number, ahead: number): Promise<void> {
    const start = this.#startOf(atMs);
    this.#wanted = start;
    for (let n = 0; n <= ahead && this.#wanted === start; n++) {
      await this.#fetch(start + n * this.#lengthMs);
    }
  }

  /** Of named vehicles the whole way is shown, wherever the cursor is. */
  wantAll(): Promise<void> {
    return this.want(this.range.fromMs, Math.ceil((this.range.toMs - this.range.fromMs) / this.#lengthMs));
  }

  retry(atMs: number): Promise<void> {
    this.#asked.clear();
    this.#failure = null;
    return this.vehicles.length === 0 ? this.want(atMs, 0) : this.wantAll();
  }

  stop(): void {
    this.#abort.abort();
  }

  /** Slices begin at the range's beginning; its very end belongs to the last one. */
  #startOf(atMs: number): number {
    const { fromMs, toMs } = this.range;
    const within = Math.min(Math.max(atMs, fromMs), toMs - 1) - fromMs;
    return fromMs + Math.floor(within / this.#lengthMs) * this.#lengthMs;
  }

  #fetch(start: number): Promise<void> {
    if (start >= this.range.toMs || this.#slices.has(start)) return Promise.resolve();
    const asked = this.#asked.get(start) ?? this.#read(start);
    this.#asked.set(start, asked);
    return asked;
  }

  async #read(start: number): Promise<void> {
    const toMs = Math.min(start + this.#lengthMs, this.range.toMs);
    const window = { vehicles: this.vehicles, fromMs: start, toMs };
    const how = this.vehicles.length === 0 ? OF_ALL : WHOLE;
    try {
      const slice = await playback.slice(window, how, this.purpose, this.#abort.signal);
      this.#keep(start, slice);
      this.#failure = null;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#failure = error;
    } finally {
      this.#asked.delete(start);
    }
  }

  #keep(start: number, slice: Slice): void {
    const kept = [...this.#slices, [start, slice] as const];
    const most = this.vehicles.length === 0 ? MOST_KEPT : Infinity;
    this.#slices = new Map(kept.slice(-most));
  }
}
