import type { AlertAct, CloseReason } from "../api/types";
import type { WordKey } from "../words/language.svelte";

const SNOOZE_MS = 15 * 60_000;

/** Something to do with one press: its key on the keyboard, its word, and for which states. */
export interface Doing {
  key: string;
  word: WordKey;
  when: readonly string[];
  act(me: string): AlertAct;
}

const NOT_CLOSED = ["open", "acknowledged"];

function closing(key: string, reason: CloseReason): Doing {
  return { key, word: `alert.close.${reason}`, when: NOT_CLOSED, act: () => ({ close: { reason } }) };
}

export const ACKNOWLEDGE: Doing = {
  key: "a",
  word: "alert.acknowledge",
  when: ["open"],
  act: () => ({ acknowledge: {} }),
};

/** All but the first, in the order of their buttons. */
export const DOINGS: readonly Doing[] = [
  {
    key: "s",
    word: "alert.assign_me",
    when: NOT_CLOSED,
    act: (me) => ({ assign: { to: me } }),
  },
  {
    key: "z",
    word: "alert.snooze",
    when: NOT_CLOSED,
    act: () => ({ snooze: { until: new Date(Date.now() + SNOOZE_MS).toISOString() } }),
  },
  closing("h", "handled"),
  closing("f", "false"),
  closing("d", "duplicate"),
  { key: "o", word: "alert.reopen", when: ["closed"], act: () => ({ reopen: {} }) },
];
