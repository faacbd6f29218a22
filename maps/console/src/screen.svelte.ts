import { SCREENS, type ScreenName } from "./screens";

/** What a screen is about; of several values each stands in the address. */
export type About = Readonly<Record<string, string | readonly string[]>>;

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

  /** What the person has before them: what a screen is about that was gone to without a word. */
  meant: About = {};

  go(screen: ScreenName, about: About = {}): void {
    location.hash = addressOf(screen, about);
    this.#read();
  }

  /** Says in the address what shows here, so that loading it anew shows the same; goes nowhere. */
  note(about: About): void {
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
export function addressOf(screen: ScreenName, about: About = {}): string {
  const pairs = Object.entries(about).flatMap(([name, value]) =>
    [value].flat().map((each: string) => [name, each]),
  );
  const said = new URLSearchParams(pairs).toString();
  return said === "" ? `#/${screen}` : `#/${screen}?${said}`;
}

export const screen = new CurrentScreen();
