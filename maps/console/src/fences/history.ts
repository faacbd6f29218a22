/** What was done to one thing, to be undone and done again. A value is never changed in place. */
export class History<T> {
  readonly #past: T[] = [];
  readonly #future: T[] = [];
  #now: T;

  constructor(first: T) {
    this.#now = first;
  }

  get now(): T {
    return this.#now;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  do(next: T): void {
    if (next === this.#now) return;
    this.#past.push(this.#now);
    this.#future.length = 0;
    this.#now = next;
  }

  undo(): void {
    const before = this.#past.pop();
    if (before === undefined) return;
    this.#future.push(this.#now);
    this.#now = before;
  }

  redo(): void {
    const after = this.#future.pop();
    if (after === undefined) return;
    this.#past.push(this.#now);
    this.#now = after;
  }
}
