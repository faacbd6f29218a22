import { type Key, keys as keyApi, type User, users as api } from "../../api/admin";
import { type Draft, type Field, type Kind, lines, number, type Outcome } from "../scheme";

const ROLES: Field = { name: "roles", word: "admin.roles", as: "roles", required: true };

function draftOf({ name, roles }: User): Draft {
  return { name, roles: roles.join("\n") };
}

/** More roles first, so that nobody is without one meanwhile. */
async function edited(before: User, draft: Draft): Promise<Outcome> {
  const wanted = lines(draft.roles);
  const more = wanted.filter((role) => !before.roles.includes(role));
  const fewer = before.roles.filter((role) => !wanted.includes(role));
  const name = draft.name?.trim() ?? "";
  let now = before;
  if (name !== before.name) now = await api.rename(before.login, now.revision, name);
  if (more.length > 0) now = await api.give(before.login, now.revision, more);
  if (fewer.length > 0) now = await api.take(before.login, now.revision, fewer);
  const said = { word: "admin.said.changed", values: { what: before.login } } as const;
  return { row: before.login, said, undo: () => edited(now, draftOf(before)) };
}

async function disabled({ login, revision }: User): Promise<Outcome> {
  const now = await api.disable(login, revision);
  const said = { word: "admin.said.disabled", values: { what: login } } as const;
  return { row: login, said, undo: () => enabled(now) };
}

async function enabled({ login, revision }: User): Promise<Outcome> {
  const now = await api.enable(login, revision);
  const said = { word: "admin.said.enabled", values: { what: login } } as const;
  return { row: login, said, undo: () => disabled(now) };
}

function secretsOf({ login, password }: User & { password: string | null }) {
  return password === null ? [] : [{ of: login, secret: password }];
}

export const users: Kind<User> = {
  name: "users",
  word: "admin.users",
  needs: ["users:admin"],
  empty: "admin.empty.users",
  idOf: ({ login }) => login,
  columns: [
    { word: "admin.login", of: ({ login }) => login },
    { word: "admin.person", of: ({ name }) => name },
    { word: "admin.roles", of: ({ roles }) => roles.join(", ") },
    {
      word: "admin.elsewhere",
      of: ({ elsewhere }) => ({ prefix: "admin.elsewhere", code: String(elsewhere) }),
      aside: true,
    },
    { word: "admin.password_set_at", of: (row) => ({ moment: row.password_set_at }), aside: true },
    { word: "admin.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  stateOf: ({ disabled_at }) => (disabled_at === null ? null : "admin.state.disabled"),
  list: () => api.list(),
  fields: [
    { name: "login", word: "admin.login", required: true, onlyNew: true, hint: "admin.login.hint" },
    { name: "name", word: "admin.person", required: true },
    ROLES,
  ],
  add: {
    word: "admin.new.user",
    needs: ["users:admin"],
    do: async (draft, once) => {
      const login = draft.login?.trim().toLowerCase() ?? "";
      const made = await api.add({ login, name: draft.name ?? "", roles: lines(draft.roles) }, once);
      const said = { word: "admin.said.added", values: { what: login } } as const;
      return { row: login, said, secrets: secretsOf(made), undo: () => disabled(made) };
    },
  },
  edit: { when: ({ disabled_at }) => disabled_at === null, draftOf, do: edited },
  acts: [
    {
      name: "disable",
      key: "r",
      word: "admin.disable",
      when: (row) => row.within && row.disabled_at === null,
      do: disabled,
    },
    {
      name: "enable",
      key: "r",
      word: "admin.enable",
      when: (row) => row.within && row.disabled_at !== null,
      do: enabled,
    },
    {
      name: "password",
      key: "p",
      word: "admin.password",
      when: (row) => row.within && row.disabled_at === null,
      final: "admin.password.user.final",
      do: async ({ login }) => {
        const made = await api.password(login);
        const said = { word: "admin.said.password", values: { what: login } } as const;
        return { row: login, said, secrets: secretsOf(made) };
      },
    },
  ],
};

export const keys: Kind<Key> = {
  name: "keys",
  word: "admin.keys_tab",
  needs: ["users:admin"],
  empty: "admin.empty.keys",
  idOf: ({ key }) => key,
  columns: [
    { word: "admin.key", of: ({ key }) => key },
    { word: "admin.label", of: ({ label }) => label },
    { word: "admin.roles", of: ({ roles }) => roles.join(", ") },
    { word: "admin.expires_at", of: (row) => ({ moment: row.expires_at }) },
    { word: "admin.used_at", of: (row) => (row.last_used_at === null ? null : { moment: row.last_used_at }) },
    { word: "admin.scopes", of: ({ scopes }) => scopes?.join(", ") ?? null, aside: true },
    { word: "admin.made_at", of: (row) => ({ moment: row.made_at }), aside: true },
  ],
  stateOf: ({ revoked_at }) => (revoked_at === null ? null : "admin.state.revoked"),
  list: () => keyApi.list(),
  fields: [
    { name: "label", word: "admin.label", required: true, hint: "admin.label.hint" },
    ROLES,
    { name: "scopes", word: "admin.scopes", as: "lines", hint: "admin.scopes.hint" },
    { name: "days", word: "admin.days", as: "number", start: "90", required: true },
  ],
  add: {
    word: "admin.new.key",
    needs: ["users:admin"],
    do: async (draft, once) => {
      const scopes = lines(draft.scopes);
      const given = { label: draft.label ?? "", roles: lines(draft.roles), days: number(draft.days) };
      const made = await keyApi.make(scopes.length > 0 ? { ...given, scopes } : given, once);
      const said = { word: "admin.said.added", values: { what: made.key } } as const;
      return { row: made.key, said, secrets: [{ of: made.key, secret: made.secret }] };
    },
  },
  acts: [
    {
      name: "revoke",
      key: "r",
      word: "admin.revoke",
      when: ({ revoked_at }) => revoked_at === null,
      final: "admin.revoke.key.final",
      do: async ({ key }) => {
        await keyApi.revoke(key);
        return { row: key, said: { word: "admin.said.revoked", values: { what: key } } };
      },
    },
  ],
};
