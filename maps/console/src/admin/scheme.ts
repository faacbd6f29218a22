import type { Caller, Name, Page, Permission } from "../api/types";
import { say, type WordKey } from "../words/language.svelte";

/** What somebody typed, field by field; lists a line each. */
export type Draft = Record<string, string>;

/** What may be chosen: called by a word, or by what the data say; beside it as programs know it. */
export type Choice = { value: string; code?: string } & ({ word: WordKey } | { text(): string });

/** One field of a form. Its name is where the service looks for it: `name.zh-Hant`. */
export interface Field {
  name: string;
  word: WordKey;
  as?: "text" | "number" | "lines" | "choice" | "several" | "moment" | "day" | "roles" | "department";
  choices?: readonly Choice[];
  required?: boolean;
  /** Not edited later. */
  onlyNew?: boolean;
  hint?: WordKey;
  /** What stands in it before anything is typed. */
  start?: string;
}

export type Cell = string | number | Name | Moment | Coded | null;
/** A time, shown as people read it. */
export type Moment = { moment: string };
/** A code for which there are words: `admin.level` and `blurred`. */
export type Coded = { prefix: string; code: string };

export interface Column<R> {
  word: WordKey;
  of(row: R): Cell;
  /** Only among the facts of one. */
  aside?: boolean;
}

/** What is told once: a password, a key, a link. */
export interface Secret {
  of: string;
  secret: string;
}

export interface Said {
  word: WordKey;
  values?: Record<string, string | number>;
}

/** How something went, and the way back where there is one. */
export interface Outcome {
  said: Said;
  undo?: () => Promise<Outcome>;
  secrets?: readonly Secret[];
  /** Which row it was about. */
  row?: string;
}

/** Something that is done to one row, by one key. */
export interface Act<R> {
  name: string;
  key: string;
  word: WordKey;
  when(row: R): boolean;
  /** Who may do it; without: who may add. */
  needs?: readonly Permission[];
  /** There is no way back, so it is asked for twice. */
  final?: WordKey;
  do(row: R): Promise<Outcome>;
  /** The same to several that were marked: only where all of its kind may be. */
  all?(rows: readonly R[]): Promise<Outcome>;
}

/** A line about all that a tab shows, in the language in use. */
export interface Note {
  text(): string;
  bad: boolean;
  /** As the service says them, in English. */
  details: readonly string[];
}

/**
 * One kind of thing: its table, its form, what is done to it. All that the screen knows of it; the
 * table, the forms and the undoing are the same for all.
 */
export interface Kind<R> {
  name: string;
  word: WordKey;
  needs: readonly Permission[];
  empty: WordKey;
  /** By which it is known. */
  idOf(row: R): string;
  columns: readonly Column<R>[];
  /** A word for what is not in service any more. */
  stateOf?(row: R): WordKey | null;
  /** What the service is asked, where not simply for all. */
  asks?: readonly Field[];
  list(asked: Draft): Promise<readonly R[] | Page<R>>;
  note?(): Promise<Note>;
  /** Rows change by themselves: they are fetched again so often, in seconds. */
  refreshS?: number;
  fields?: readonly Field[];
  add?: {
    word: WordKey;
    needs: readonly Permission[];
    do(draft: Draft, once: string): Promise<Outcome>;
  };
  edit?: {
    when(row: R): boolean;
    draftOf(row: R): Draft;
    do(row: R, draft: Draft): Promise<Outcome>;
  };
  acts?: readonly Act<R>[];
  /** Several at once from a table. */
  enrols?: boolean;
}

export type AnyKind = Kind<unknown>;

/** An empty form. */
export function blank(fields: readonly Field[], caller: Caller): Draft {
  const only = caller.departments.length === 1 ? caller.departments[0]!.department : "";
  return Object.fromEntries(
    fields.map(({ name, start, as }) => [name, start ?? (as === "department" ? only : "")]),
  );
}

export function textOfChoice(choice: Choice): string {
  return "word" in choice ? say(choice.word) : choice.text();
}

/** The lines of a list that say something. */
export function lines(text: string | undefined): string[] {
  return (text ?? "")
    .split(/[\n,]/)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

export function orNull(text: string | undefined): string | null {
  return text?.trim() || null;
}

/** A number; what is none goes to the service as it was typed, which says so. */
export function number(text: string | undefined): number {
  const found = Number(text?.trim());
  return text?.trim() === "" || Number.isNaN(found) ? (text as unknown as number) : found;
}

export function may(caller: Caller, needs: readonly Permission[]): boolean {
  return needs.some((each) => caller.permissions.includes(each));
}

/** Rows whose cells have all the words in them; each in any language. */
export function matching<R>(kind: Kind<R>, rows: readonly R[], asked: string): readonly R[] {
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = kind.columns.map(({ of }) => textOf(of(row))).join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function textOf(cell: Cell): string {
  if (cell === null) return "";
  return typeof cell === "object" ? Object.values(cell).join("\n") : String(cell);
}
