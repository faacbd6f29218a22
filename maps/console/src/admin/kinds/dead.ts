import { type DeadLetter, subscriptions as api } from "../../api/telling";
import { type Kind, orNull, type Outcome } from "../scheme";

/** What could not be told, and was given up: it is tried again when somebody says so. */

type Letter = DeadLetter & { subscription: string };

const lettersOf = async (subscription: string): Promise<Letter[]> =>
  (await api.dead(subscription)).map((letter) => ({ ...letter, subscription })).reverse();

async function letters(asked: string | null): Promise<readonly Letter[]> {
  if (asked !== null) return lettersOf(asked);
  const some = (await api.list()).filter(({ dead }) => dead > 0);
  return (await Promise.all(some.map(({ subscription }) => lettersOf(subscription)))).flat();
}

async function replayed(chosen: readonly Letter[]): Promise<Outcome> {
  const whose = [...new Set(chosen.map(({ subscription }) => subscription))];
  let n = 0;
  for (const what of whose) {
    const theirs = chosen.filter(({ subscription }) => subscription === what);
    n += await api.replay(what, theirs.map(({ number }) => number));
  }
  return { said: { word: "admin.said.replayed", values: { n, what: whose.join(", ") } } };
}

export const dead: Kind<Letter> = {
  name: "dead",
  word: "admin.dead",
  needs: ["subscriptions:read"],
  empty: "admin.empty.dead",
  idOf: ({ subscription, number }) => `${subscription} ${number}`,
  refreshS: 5,
  columns: [
    { word: "admin.given_up_at", of: (row) => ({ moment: row.given_up_at }) },
    { word: "admin.subscription", of: ({ subscription }) => subscription },
    { word: "admin.dead.what", of: ({ type }) => type },
    { word: "admin.vehicle", of: ({ vehicle }) => vehicle },
    { word: "admin.last_error", of: (row) => row.last_error },
    { word: "admin.attempts", of: ({ attempts }) => attempts },
    { word: "admin.at", of: (row) => ({ moment: row.created_at }), aside: true },
    { word: "admin.event_id", of: ({ id }) => id, aside: true },
  ],
  asks: [{ name: "subscription", word: "admin.subscription", hint: "admin.full_ref.hint" }],
  list: ({ subscription }) => letters(orNull(subscription)),
  acts: [
    {
      name: "replay",
      key: "a",
      word: "admin.replay.tell",
      needs: ["subscriptions:write"],
      when: () => true,
      do: (row) => replayed([row]),
      all: replayed,
    },
    {
      name: "replay_all",
      key: "A",
      word: "admin.replay.tell_all",
      needs: ["subscriptions:write"],
      when: () => true,
      final: "admin.replay.final",
      do: async ({ subscription }) => {
        const n = await api.replay(subscription, null);
        return { said: { word: "admin.said.replayed", values: { n, what: subscription } } };
      },
    },
  ],
};
