import en from "../../../words/en.json";
import zhHant from "../../../words/zh-Hant.json";
import type { Name } from "../api/types";

export type LanguageTag = "en" | "zh-Hant";
export type WordKey = keyof typeof en;
type Values = Record<string, string | number>;

const STORAGE_KEY = "milepost.language";
const CATALOGUES: Record<LanguageTag, Record<WordKey, string>> = { en, "zh-Hant": zhHant };
const HTML_LANG: Record<LanguageTag, string> = { en: "en", "zh-Hant": "zh-Hant-HK" };

class Language {
  #tag = $state<LanguageTag>(firstTag());

  get tag(): LanguageTag {
    return this.#tag;
  }

  /** The value of `lang` attributes. */
  get html(): string {
    return HTML_LANG[this.#tag];
  }

  use(tag: LanguageTag): void {
    this.#tag = tag;
    localStorage.setItem(STORAGE_KEY, tag);
  }
}

function firstTag(): LanguageTag {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (stored === "en" || stored === "zh-Hant") return stored;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-Hant" : "en";
}

export const language = new Language();

/** The catalogue's text in the language in use, with `{name}` replaced by `values.name`. */
export function say(key: WordKey, values: Values = {}): string {
  return CATALOGUES[language.tag][key].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(values[name] ?? whole),
  );
}

type CountKey = { [K in WordKey]: K extends `${infer Stem}.other` ? Stem : never }[WordKey];

/** `KEY.one` or `KEY.other`, as the language in use counts. */
export function sayCount(key: CountKey, n: number, values: Values = {}): string {
  const form = new Intl.PluralRules(language.html).select(n) === "one" ? "one" : "other";
  return say(`${key}.${form}` as WordKey, { n: n.toLocaleString(language.html), ...values });
}

/** The key if the catalogue knows it: words for codes that data may extend. */
export function sayCode(prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return key in en ? say(key as WordKey) : code;
}

export interface NameRun {
  text: string;
  /** Language of the text, for the `lang` attribute: not always the one in use. */
  lang: string;
}

/** A name in the language in use, or in the other one where it is missing. */
export function nameRun(name: Name): NameRun {
  const other = language.tag === "en" ? "zh-Hant" : "en";
  const tag = name[language.tag] ? language.tag : other;
  return { text: name[tag], lang: HTML_LANG[tag] };
}
