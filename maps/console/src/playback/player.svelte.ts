import { STILL } from "../look/still";
import type { Range } from "./range";

/** How much faster than life. */
export const RATES = [1, 2, 5, 10, 30, 60] as const;
export type Rate = (typeof RATES)[number];

/** Who wants little motion sees a picture a second. */
const STILL_MS = 1000;

/** The cursor of a range: it moves by itself while it plays, and waits where nothing is there yet. */
export class Player {
  #atMs = $state(0);
  #playing = $state(false);
  rate = $state<Rate>(10);
  #lastMs = 0;
  #frame = 0;

  /**
   * `isThere` tells whether the picture of an instant can be drawn; `leastMs` is the shortest time
   * between two pictures.
   */
  constructor(
    private readonly range: Range,
    atMs: number,
    private readonly isThere: (atMs: number) => boolean,
    private readonly leastMs: number,
  ) {
    this.#atMs = this.#within(atMs);
  }

  /** Unix milliseconds. */
  get atMs(): number {
    return this.#atMs;
  }

  get playing(): boolean {
    return this.#playing;
  }

  seek(atMs: number): void {
    this.#atMs = this.#within(atMs);
  }

  step(byS: number): void {
    this.pause();
    this.seek(this.#atMs + byS * 1000);
  }

  toggle(): void {
    if (this.#playing) return this.pause();
    if (this.#atMs >= this.range.toMs) this.seek(this.range.fromMs);
    this.#playing = true;
    this.#lastMs = performance.now();
    this.#frame = requestAnimationFrame((nowMs) => this.#tick(nowMs));
  }

  pause(): void {
    this.#playing = false;
    cancelAnimationFrame(this.#frame);
  }

  #within(atMs: number): number {
    return Math.min(Math.max(atMs, this.range.fromMs), this.range.toMs);
  }

  #tick(nowMs: number): void {
    if (!this.#playing) return;
    const passedMs = nowMs - this.#lastMs;
    if (passedMs >= (STILL.matches ? STILL_MS : this.leastMs)) {
      this.#lastMs = nowMs;
      const next = this.#within(this.#atMs + passedMs * this.rate);
      if (this.isThere(next)) this.#atMs = next;
      if (this.#atMs >= this.range.toMs) return this.pause();
    }
    this.#frame = requestAnimationFrame((ms) => this.#tick(ms));
  }
}
