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

  /**
   * Writes the palette to the document as CSS variables: `--panel`, `--text` and so on. Paper is
   * white, whatever the screen is. What it gives back ends that.
   */
  apply(root: HTMLElement): () => void {
    const name = this.#name;
    const paper = matchMedia("print");
    const write = (): void => {
      const now = paper.matches ? "light" : name;
      root.style.colorScheme = now;
      root.dataset["theme"] = now;
      for (const [token, colour] of Object.entries(PALETTES[now])) {
        root.style.setProperty(`--${token}`, colour);
      }
    };
    write();
    paper.addEventListener("change", write);
    return () => paper.removeEventListener("change", write);
  }
}

function firstTheme(): ThemeName {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === "light" || stored === "dark") return stored;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export const theme = new Theme();
