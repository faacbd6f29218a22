const STORAGE_KEY = "milepost.purpose";
/** As the service has them. */
const LEAST = 3;
export const MOST = 200;

/** What for somebody looks back: asked once a session of the browser, and sent with each request. */
class Purpose {
  #said = $state(sessionStorage.getItem(STORAGE_KEY) ?? "");

  get said(): string {
    return this.#said;
  }

  /** False where it is too short to be one. */
  say(text: string): boolean {
    const said = text.trim();
    if (said.length < LEAST || said.length > MOST) return false;
    this.#said = said;
    sessionStorage.setItem(STORAGE_KEY, said);
    return true;
  }

  forget(): void {
    this.#said = "";
    sessionStorage.removeItem(STORAGE_KEY);
  }
}

export const purpose = new Purpose();
