export type Screen = "live" | "alerts";

const SCREENS: readonly Screen[] = ["live", "alerts"];

/** Which screen shows. It stands in the address, so that back, forward and a bookmark work. */
class CurrentScreen {
  #now = $state<Screen>(fromAddress());

  constructor() {
    addEventListener("hashchange", () => (this.#now = fromAddress()));
  }

  get now(): Screen {
    return this.#now;
  }

  go(screen: Screen): void {
    location.hash = `/${screen}`;
    this.#now = screen;
  }
}

function fromAddress(): Screen {
  const said = location.hash.replace(/^#\//, "");
  return SCREENS.find((screen) => screen === said) ?? "live";
}

export const screen = new CurrentScreen();
