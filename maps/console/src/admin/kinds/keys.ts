import { type Key, keys as api } from "../../api/admin";
import { clock } from "../../fleet/clock.svelte";
import { PERMISSION_CHOICES, permissionLines, rolesText } from "../allowed";
import { type Kind, lines, number, type Outcome } from "../scheme";

/** What programs show. Its text is told once; `key` is its name. */

async function revoked(key: string): Promise<Outcome> {
  await api.revoke(key);
  return { row: key, said: { word: "admin.said.revoked", values: { what: key } } };
}

function hasEnded({ expires_at }: Key): boolean {
  return Date.parse(expires_at) / 1000 <= clock.nowS;
}

export const keys: Kind<Key> = {
  name: "keys",
  word: "admin.keys_tab",
  needs: ["users:admin"],
  empty: "admin.empty.keys",
  idOf: ({ key }) => key,
  columns: [
    { word: "admin.key", of: ({ key }) => key },
    { word: "admin.label", of: ({ label }) => label },
    { word: "admin.roles", of: ({ roles }) => rolesText(roles) },
    { word: "admin.expires_at", of: (row) => ({ moment: row.expires_at }) },
    {
      word: "admin.used_at",
      of: ({ last_used_at: used }) =>
        used === null ? { prefix: "admin.used", code: "never" } : { moment: used },
    },
    { word: "admin.scopes", of: ({ scopes }) => permissionLines(scopes), aside: true },
    { word: "admin.key.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
    {
      word: "admin.key.revoked_at",
      of: ({ revoked_at: at }) => (at === null ? null : { moment: at }),
      aside: true,
    },
  ],
  stateOf: (row) =>
    row.revoked_at !== null ? "admin.state.revoked" : hasEnded(row) ? "admin.state.ended" : null,
  list: () => api.list(),
  fields: [
    { name: "label", word: "admin.label", required: true, hint: "admin.label.hint" },
    { name: "roles", word: "admin.roles", as: "roles", required: true },
    {
      name: "scopes",
      word: "admin.scopes",
      as: "several",
      hint: "admin.scopes.hint",
      choices: PERMISSION_CHOICES,
    },
    { name: "days", word: "admin.days", as: "number", start: "90", required: true },
  ],
  add: {
    word: "admin.new.key",
    needs: ["users:admin"],
    do: async (draft) => {
      const given = { label: draft.label ?? "", roles: lines(draft.roles), days: number(draft.days) };
      const { key, secret } = await api.make({ ...given, scopes: lines(draft.scopes) });
      const said = { word: "admin.said.added", values: { what: key } } as const;
      return { row: key, said, secrets: [{ of: key, secret }], undo: () => revoked(key) };
    },
  },
  acts: [
    {
      name: "revoke",
      key: "r",
      word: "admin.revoke",
      when: (row) => row.revoked_at === null && !hasEnded(row),
      final: "admin.revoke.key.final",
      do: ({ key }) => revoked(key),
    },
  ],
};
