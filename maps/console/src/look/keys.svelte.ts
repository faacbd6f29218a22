import { remember, remembered } from "./remembered";

const STORAGE_KEY = "milepost.keys";

/** Whether single keys act: who speaks to the machine switches them off (WCAG 2.1.4). */
class Keys {
  #on = $state(remembered(STORAGE_KEY, true));

  get on(): boolean {
    return this.#on;
  }

  use(on: boolean): void {
    this.#on = on;
    remember(STORAGE_KEY, on);
  }
}

export const keys = new Keys();
