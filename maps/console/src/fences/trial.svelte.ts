import { rulesApi, type Backtest, type Question } from "../api/rules";

/** The service tells how far it has come; once a second is often enough for a person. */
const ASK_AFTER_MS = 1000;

/** One question about stored history, from asking to its answer. */
export class Trial {
  #now = $state.raw<Backtest | null>(null);
  #failure = $state.raw<unknown>(null);
  #running = $state(false);
  #asked: Promise<Backtest> | null = null;
  #timer = 0;
  #number = 0;

  get now(): Backtest | null {
    return this.#now;
  }

  get failure(): unknown {
    return this.#failure;
  }

  get running(): boolean {
    return this.#running;
  }

  async ask(question: Question, purpose: string): Promise<void> {
    this.stop();
    this.#now = null;
    this.#running = true;
    const asked = (this.#asked = rulesApi.backtest(question, purpose));
    await this.#take(() => asked, this.#number);
  }

  /** Also what the service has not yet said that it took. */
  async cancel(): Promise<void> {
    const asked = this.#asked;
    this.stop();
    if (!asked) return;
    await this.#take(async () => rulesApi.cancelBacktest((await asked).id), this.#number);
  }

  /** Asks no further; what is there stays. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#number += 1;
    this.#running = false;
    this.#failure = null;
  }

  /** An answer to a question that was left meanwhile is nobody's. */
  async #take(asked: () => Promise<Backtest>, number: number): Promise<void> {
    try {
      const told = await asked();
      if (number !== this.#number) return;
      this.#now = told;
      this.#running = told.state === "queued" || told.state === "running";
      const again = (): void => void this.#take(() => rulesApi.backtestNow(told.id), number);
      if (this.#running) this.#timer = window.setTimeout(again, ASK_AFTER_MS);
    } catch (error) {
      if (number !== this.#number) return;
      this.#failure = error;
      this.#running = false;
    }
  }
}

export type Span = "day" | "yesterday" | "week";
const HOUR_MS = 3_600_000;
/** Hong Kong knows no summer time. */
const ZONE_MS = 8 * HOUR_MS;

/** From when to when, of the service's time now. */
export function windowOf(span: Span, nowMs: number): { from: string; to: string } {
  const told = (from: number, to: number) => ({
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
  });
  if (span === "week") return told(nowMs - 7 * 24 * HOUR_MS, nowMs);
  if (span === "day") return told(nowMs - 24 * HOUR_MS, nowMs);
  const midnight = Math.floor((nowMs + ZONE_MS) / (24 * HOUR_MS)) * 24 * HOUR_MS - ZONE_MS;
  return told(midnight - 24 * HOUR_MS, midnight);
}
