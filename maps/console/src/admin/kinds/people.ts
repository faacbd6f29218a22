import { type User, users as api } from "../../api/admin";
import { rolesText } from "../allowed";
import { type Draft, type Kind, lines, type Outcome } from "../scheme";

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
    { word: "admin.roles", of: ({ roles }) => rolesText(roles) },
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
    { name: "roles", word: "admin.roles", as: "roles", required: true },
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
