import type { Basemap } from "../api/types";

const STORAGE_KEY = "milepost.basemap";
export const BUILT_IN = "built-in";

/** Which base maps there are here, which one is chosen, and whether it answers. */
class Basemaps {
  #all = $state.raw<readonly Basemap[]>([]);
  #chosen = $state(localStorage.getItem(STORAGE_KEY));
  /** The one whose tiles do not come. */
  #away = $state<string | null>(null);

  /** Those beside the built-in one. */
  get all(): readonly Basemap[] {
    return this.#all;
  }

  /** What is to be shown; null: the built-in one. */
  get wanted(): Basemap | null {
    if (this.#chosen === BUILT_IN) return null;
    const known = this.#all.find(({ id }) => id === this.#chosen);
    return known ?? this.#all.find(({ answers }) => answers) ?? null;
  }

  /** What shows: the built-in one (null) too where the wanted one does not answer. */
  get shown(): Basemap | null {
    return this.isAway ? null : this.wanted;
  }

  get isAway(): boolean {
    return this.wanted !== null && this.#away === this.wanted.id;
  }

  replace(all: readonly Basemap[]): void {
    if (JSON.stringify(all) !== JSON.stringify(this.#all)) this.#all = all;
  }

  choose(id: string): void {
    this.#chosen = id;
    this.#away = null;
    localStorage.setItem(STORAGE_KEY, id);
  }

  /** Its tiles do not come, or come again. */
  answers(id: string, does: boolean): void {
    this.#away = does ? null : id;
  }
}

export const basemaps = new Basemaps();
