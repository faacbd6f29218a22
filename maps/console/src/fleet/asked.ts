/**
 * Answers come late: what is told while one is on its way is newer than what it says, and of two answers
 * that of the later question holds.
 */
export class Asked<Told> {
  readonly #waiting = new Set<Told[]>();
  #questions = 0;
  #answered = 0;

  /** This is told now. */
  tell(told: readonly Told[]): void {
    for (const since of this.#waiting) since.push(...told);
  }

  /** The answer, and what was told since the question, the oldest first. */
  async meanwhile<Answer>(question: Promise<Answer>): Promise<[Answer, readonly Told[]]> {
    const since: Told[] = [];
    this.#waiting.add(since);
    try {
      return [await question, since];
    } finally {
      this.#waiting.delete(since);
    }
  }

  /** Uses the answer and what was told since, unless a later question has been answered already. */
  async answer<Answer>(
    question: Promise<Answer>,
    use: (answer: Answer, since: readonly Told[]) => void,
  ): Promise<void> {
    const number = ++this.#questions;
    const [answer, since] = await this.meanwhile(question);
    if (number < this.#answered) return;
    this.#answered = number;
    use(answer, since);
  }
}
