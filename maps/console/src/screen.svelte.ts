import { SCREENS, type ScreenName } from "./screens";

/**
 * Which screen shows, and what it is about. Both stand in the address (`#/live?vehicle=FSD/AMB-1`), so
 * that back, forward and a bookmark work, and one screen leads to another without knowing it.
 */
class CurrentScreen {
  #now = $state<ScreenName>("live");
  #about = $state.raw(new URLSearchParams());
  /** As it was read last: the browser tells of our own going too, later. */
  #address = "";

  constructor() {
    this.#read();
    addEventListener("hashchange", () => {
      if (location.hash !== this.#address) this.#read();
    });
  }

  get now(): ScreenName {
    return this.#now;
  }

  /** What the address says after the screen's name; a new object at each going. */
  get about(): URLSearchParams {
    return this.#about;
  }

  go(screen: ScreenName, about: Record<string, string> = {}): void {
    location.hash = addressOf(screen, about);
    this.#read();
  }

  /** Says in the address what shows here, so that loading it anew shows the same; goes nowhere. */
  note(about: Record<string, string>): void {
    const address = addressOf(this.#now, about);
    if (address === location.hash || (location.hash === "" && Object.keys(about).length === 0)) return;
    history.replaceState(null, "", address);
    this.#address = location.hash;
  }

  #read(): void {
    this.#address = location.hash;
    const [name, about = ""] = location.hash.replace(/^#\//, "").split("?");
    this.#now = SCREENS.find((entry) => entry.name === name)?.name ?? "live";
    this.#about = new URLSearchParams(about);
  }
}

/** For a link: `#/playback?vehicle=FSD%2FAMB-1`. */
export function addressOf(screen: ScreenName, about: Record<string, string> = {}): string {
  const said = new URLSearchParams(about).toString();
  return said === "" ? `#/${screen}` : `#/${screen}?${said}`;
}

export const screen = new CurrentScreen();
