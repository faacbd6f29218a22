import { Problem } from "../api/http";
import type { Page } from "../api/types";
import type { AnyKind, Draft, Note, Outcome } from "./scheme";

/** The rows of the tab that shows, and what was done to them last. */
export class Tables {
  #rows = $state.raw<readonly unknown[]>([]);
  #older = $state.raw<Page<unknown>["older"]>(null);
  #note = $state.raw<Note | null>(null);
  #loading = $state(true);
  #failure = $state.raw<unknown>(null);
  #outcome = $state.raw<Outcome | null>(null);
  #refusal = $state.raw<unknown>(null);
  #busy = $state(false);
  /** Answers to what was asked before are late. */
  #asked = 0;
  #kind = $state.raw<AnyKind | null>(null);
  #ask: Draft = {};
  #last: Promise<unknown> = Promise.resolve();

  /** Of that kind: none before they were asked for. */
  rowsOf(kind: AnyKind): readonly unknown[] {
    return kind === this.#kind ? this.#rows : [];
  }

  /** There are rows before those that are shown. */
  get hasOlder(): boolean {
    return this.#older !== null;
  }

  /** About all of them. */
  get note(): Note | null {
    return this.#note;
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** Why the rows could not be fetched; those of before stay. */
  get failure(): unknown {
    return this.#failure;
  }

  get outcome(): Outcome | null {
    return this.#outcome;
  }

  /** Why what was asked for last was not done. */
  get refusal(): unknown {
    return this.#refusal;
  }

  get busy(): boolean {
    return this.#busy;
  }

  async open(kind: AnyKind, ask: Draft): Promise<void> {
    if (kind !== this.#kind) {
      this.#rows = [];
      this.#older = this.#note = null;
      this.#outcome = this.#refusal = null;
    }
    this.#kind = kind;
    this.#ask = ask;
    await this.reload();
  }

  /** Shows them as they are by now, unless somebody waits for something else. */
  async refresh(): Promise<void> {
    if (!this.#busy && !this.#loading) await this.reload();
  }

  async reload(): Promise<void> {
    const kind = this.#kind;
    if (kind === null) return;
    const turn = ++this.#asked;
    this.#loading = true;
    try {
      const [page, note] = await Promise.all([kind.list(this.#ask), kind.note?.() ?? null]);
      if (turn !== this.#asked) return;
      this.#rows = "rows" in page ? page.rows : page;
      this.#older = "rows" in page ? page.older : null;
      this.#note = note;
      this.#failure = null;
    } catch (error) {
      if (turn === this.#asked) this.#failure = error;
    }
    this.#loading = false;
  }

  /** Shows the rows before them too; what is shown stays where that fails. */
  async extend(): Promise<void> {
    const older = this.#older;
    if (older === null || this.#loading) return;
    const turn = ++this.#asked;
    this.#loading = true;
    try {
      const page = await older();
      if (turn !== this.#asked) return;
      this.#rows = [...this.#rows, ...page.rows];
      this.#older = page.older;
      this.#failure = null;
    } catch (error) {
      if (turn === this.#asked) this.#failure = error;
    }
    this.#loading = false;
  }

  /** Does it behind what is done already, and shows the rows as they are then; false where it was
   * refused. */
  run(doing: () => Promise<Outcome>): Promise<boolean> {
    this.#busy = true;
    const done = this.#last.then(() => this.#do(doing));
    this.#last = done;
    return done;
  }

  async #do(doing: () => Promise<Outcome>): Promise<boolean> {
    this.#refusal = null;
    let outcome: Outcome | null = null;
    try {
      outcome = await doing();
    } catch (error) {
      this.#refusal = error;
    }
    this.#busy = false;
    await this.reload();
    // Said once the rows show it: whoever reads it acts on them.
    if (outcome !== null) this.#outcome = outcome;
    return outcome !== null;
  }

  /** The refusal is known, or its form is left. */
  forgive(): void {
    this.#refusal = null;
  }

  /** The way back from what was done last, which is gone once. */
  takeUndo(): (() => Promise<Outcome>) | null {
    const undo = this.#outcome?.undo ?? null;
    if (undo) this.#outcome = null;
    return undo;
  }
}

/** Whether somebody else changed it meanwhile. */
export function isStale(refusal: unknown): boolean {
  return refusal instanceof Problem && refusal.status === 412;
}
