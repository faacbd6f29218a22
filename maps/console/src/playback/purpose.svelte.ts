const STORAGE_KEY = "milepost.purpose";
/** As the service has them. */
const LEAST = 3;
export const MOST = 200;

/** What for somebody looks back: asked once a session of the browser, and sent with each request. */
class Purpose {
  #said = $state("");
  #who = "";

  get said(): string {
    return this.#said;
  }

  /** Whose it is: what somebody else said in this browser before is not theirs. */
  askedOf(who: string): void {
    this.#who = who;
    const [whose, said] = JSON.parse(sessionStorage.getItem(STORAGE_KEY) ?? "[]") as string[];
    this.#said = whose === who && said ? said : "";
  }

  /** False where it is too short to be one. */
  say(text: string): boolean {
    const said = text.trim();
    if (said.length < LEAST || said.length > MOST) return false;
    this.#said = said;
    sessionStorage.setItem(STORAGE_KEY, JSON.stringify([this.#who, said]));
    return true;
  }

  forget(): void {
    this.#said = "";
    sessionStorage.removeItem(STORAGE_KEY);
  }
}

export const purpose = new Purpose();
