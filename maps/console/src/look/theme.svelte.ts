import { PALETTES, type Palette, type ThemeName } from "./palette";

const STORAGE_KEY = "milepost.theme";

class Theme {
  #name = $state<ThemeName>(firstTheme());

  get name(): ThemeName {
    return this.#name;
  }

  get palette(): Palette {
    return PALETTES[this.#name];
  }

  toggle(): void {
    this.#name = this.#name === "light" ? "dark" : "light";
    localStorage.setItem(STORAGE_KEY, this.#name);
  }

  /** Writes the palette to the document as CSS variables: `--panel`, `--text` and so on. */
  apply(root: HTMLElement): void {
    root.style.colorScheme = this.#name;
    root.dataset["theme"] = this.#name;
    for (const [token, colour] of Object.entries(this.palette)) {
      root.style.setProperty(`--${token}`, colour);
    }
  }
}

function firstTheme(): ThemeName {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === "light" || stored === "dark") return stored;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export const theme = new Theme();
