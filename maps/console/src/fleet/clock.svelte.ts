/**
 * The service's clock as this browser knows it: a workstation's own clock may be wrong by minutes,
 * and ages must not be. `nowS` moves once a second.
 */
class Clock {
  #offsetS = 0;
  #nowS = $state(Date.now() / 1000);

  /** Unix seconds, at most one second old. */
  get nowS(): number {
    return this.#nowS;
  }

  /** Unix seconds, exact; not tracked by the page's rendering. */
  read(): number {
    return Date.now() / 1000 + this.#offsetS;
  }

  serverSaid(unixS: number): void {
    this.#offsetS = unixS - Date.now() / 1000;
  }

  tick(): void {
    this.#nowS = this.read();
  }
}

export const clock = new Clock();
