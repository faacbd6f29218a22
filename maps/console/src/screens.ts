import type { Component } from "svelte";
import type { Caller, Permission } from "./api/types";
import type { Live } from "./live/live.svelte";
import type { WordKey } from "./words/language.svelte";

/** What every screen is given. It fills the page below the top bar and takes the focus by `focus()`. */
export interface ScreenProps {
  live: Live;
  caller: Caller;
}

/** What a screen exports beside itself. */
export type ScreenParts = { focus(): void };
export type ScreenComponent = Component<ScreenProps, ScreenParts>;

export interface ScreenEntry {
  /** Stands in the address: `#/alerts`. */
  name: string;
  /** What it is called in the top bar and in the help. */
  word: WordKey;
  /** `g` and then this goes there. */
  key: string;
  /** Who may come here has one of these somewhere. */
  needs: readonly Permission[];
  /** Fetched when somebody goes there first; the live screen is always there. */
  load: (() => Promise<{ default: ScreenComponent }>) | null;
  /** It fills the whole page, without the top bar. */
  bare?: true;
}

/** The screens in the order of the top bar. A new one is a line here. */
export const SCREENS = [
  { name: "live", word: "live_map", key: "l", needs: ["positions:read"], load: null },
  {
    name: "alerts",
    word: "alerts",
    key: "a",
    needs: ["alerts:read"],
    load: () => import("./alerts/AlertsScreen.svelte"),
  },
  {
    name: "playback",
    word: "playback",
    key: "p",
    needs: ["tracks:read"],
    load: () => import("./playback/PlaybackScreen.svelte"),
  },
  {
    name: "admin",
    word: "admin",
    key: "m",
    needs: [
      "vehicles:write",
      "devices:admin",
      "devices:read",
      "departments:admin",
      "users:admin",
      "grants:read",
      "shares:write",
      "audit:read",
    ],
    load: () => import("./admin/AdminScreen.svelte"),
  },
  {
    name: "fences",
    word: "fences",
    key: "e",
    needs: ["fences:read"],
    load: () => import("./fences/FencesScreen.svelte"),
  },
  {
    name: "wall",
    word: "wall",
    key: "w",
    needs: ["positions:read"],
    load: () => import("./wall/WallScreen.svelte"),
    bare: true,
  },
] as const satisfies readonly ScreenEntry[];

export type ScreenName = (typeof SCREENS)[number]["name"];

/** Any of them, as the shell sees it. */
export type AnyScreen = ScreenEntry & { name: ScreenName };

/** Those that a caller may come to. */
export function screensOf(caller: Caller): readonly AnyScreen[] {
  return SCREENS.filter((entry: AnyScreen) =>
    entry.needs.some((needed) => caller.permissions.includes(needed)),
  );
}
