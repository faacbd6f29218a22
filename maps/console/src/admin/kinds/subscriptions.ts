import { subscriptions as api, type Subscription, type Terms } from "../../api/telling";
import { screen } from "../../screen.svelte";
import { type Draft, type Field, type Kind, lines, type Outcome, type Secret } from "../scheme";

/** Who is told of what leaves the house, and how that goes. */

const FAMILIES = ["milepost.fence.*", "milepost.vehicle.*", "milepost.alert.*"] as const;
const SEVERITIES = ["info", "warning", "critical"] as const;
const CHANNELS = ["webhook", "cap", "mqtt", "email"] as const;

/** While rows change by themselves: something waits, or failed. */
const REFRESH_S = 5;

const TERMS: readonly Field[] = [
  { name: "target", word: "admin.target", hint: "admin.target.hint" },
  {
    name: "types",
    word: "admin.types",
    as: "several",
    hint: "admin.types.hint",
    choices: FAMILIES.map((value) => ({ value, word: `admin.type.${value}` as const })),
  },
  {
    name: "severities",
    word: "admin.severities",
    as: "several",
    hint: "admin.severities.hint",
    choices: SEVERITIES.map((value) => ({ value, word: `severity.${value}` as const })),
  },
  { name: "rules", word: "admin.told.rules", as: "lines", hint: "admin.told.rules.hint" },
  { name: "vehicles", word: "admin.told.vehicles", as: "lines", hint: "admin.told.vehicles.hint" },
];

function draftOf({ target, types, severities, rules, vehicles }: Subscription): Draft {
  const lists = { types, severities, rules, vehicles };
  return { target, ...Object.fromEntries(Object.entries(lists).map(([name, all]) => [name, all.join("\n")])) };
}

function termsOf(draft: Draft): Terms {
  return {
    target: draft.target?.trim() ?? "",
    types: lines(draft.types),
    severities: lines(draft.severities) as Terms["severities"],
    rules: lines(draft.rules),
    vehicles: lines(draft.vehicles),
  };
}

async function edited(before: Subscription, draft: Draft): Promise<Outcome> {
  const now = await api.edit(before, termsOf(draft));
  const said = { word: "admin.said.changed", values: { what: now.subscription } } as const;
  return { row: now.subscription, said, undo: () => edited(now, draftOf(before)) };
}

async function switched({ subscription: row }: Subscription, on: boolean): Promise<Outcome> {
  const now = await (on ? api.switchOn(row) : api.switchOff(row));
  const said = { word: on ? "admin.said.told" : "admin.said.told_no_more", values: { what: row } } as const;
  return { row, said, undo: () => switched(now, !on) };
}

async function tested({ subscription: row }: Subscription): Promise<Outcome> {
  const { state, last_error: error } = await api.test(row);
  const values = { what: row, error: error ?? "" };
  const failed = state === "dead" || error !== null;
  const word = state === "sent" ? "admin.said.test.taken" : failed ? "admin.said.test.refused" : "admin.said.test";
  return { row, said: { word, values } };
}

async function rotated({ subscription: row }: Subscription): Promise<Outcome> {
  const secrets = [{ of: row, secret: await api.rotate(row) }];
  return { row, secrets, said: { word: "admin.said.secret", values: { what: row } } };
}

export const subscriptions: Kind<Subscription> = {
  name: "subscriptions",
  word: "admin.subscriptions",
  needs: ["subscriptions:read"],
  empty: "admin.empty.subscriptions",
  idOf: ({ subscription }) => subscription,
  refreshS: REFRESH_S,
  columns: [
    { word: "admin.subscription", of: ({ subscription }) => subscription },
    { word: "admin.channel", of: ({ kind }) => ({ prefix: "rules.channel", code: kind }) },
    { word: "admin.target", of: ({ target }) => target },
    { word: "admin.waiting", of: ({ waiting }) => waiting },
    { word: "admin.failing", of: ({ failing }) => failing },
    { word: "admin.dead_count", of: ({ dead }) => dead },
    { word: "admin.sent_at", of: ({ sent_at: at }) => (at === null ? null : { moment: at }) },
    { word: "admin.last_error", of: (row) => row.last_error },
    { word: "admin.types", of: ({ types }) => types.join(", "), aside: true },
    { word: "admin.severities", of: (row) => row.severities.join(", "), aside: true },
    { word: "admin.told.rules", of: ({ rules }) => rules.join(", "), aside: true },
    { word: "admin.told.vehicles", of: ({ vehicles }) => vehicles.join(", "), aside: true },
    { word: "admin.disabled_reason", of: (row) => row.disabled_reason, aside: true },
    {
      word: "admin.old_secret_until",
      of: ({ old_secret_until: at }) => (at === null ? null : { moment: at }),
      aside: true,
    },
    { word: "admin.told_since", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  stateOf: ({ disabled_at }) => (disabled_at === null ? null : "admin.state.off"),
  list: () => api.list(),
  fields: [
    { name: "department", word: "admin.department", as: "department", required: true, onlyNew: true },
    { name: "ref", word: "admin.ref", required: true, onlyNew: true, hint: "admin.ref.hint" },
    {
      name: "kind",
      word: "admin.channel",
      as: "choice",
      start: "webhook",
      onlyNew: true,
      choices: CHANNELS.map((value) => ({ value, word: `rules.channel.${value}` as const })),
    },
    ...TERMS,
  ],
  add: {
    word: "admin.new.subscription",
    needs: ["subscriptions:write"],
    do: async (draft) => {
      const place = { department: draft.department ?? "", ref: draft.ref?.trim() ?? "" };
      const kind = draft.kind as Subscription["kind"];
      const made = await api.add({ ...place, kind, ...termsOf(draft) });
      const row = made.subscription;
      const secrets: Secret[] = made.secret === null ? [] : [{ of: row, secret: made.secret }];
      const said = { word: "admin.said.added", values: { what: row } } as const;
      return { row, said, secrets, undo: () => switched(made, false) };
    },
  },
  edit: { when: () => true, draftOf, do: edited },
  acts: [
    {
      name: "off",
      key: "r",
      word: "admin.off",
      when: ({ disabled_at }) => disabled_at === null,
      do: (row) => switched(row, false),
    },
    {
      name: "on",
      key: "r",
      word: "admin.on",
      when: ({ disabled_at }) => disabled_at !== null,
      do: (row) => switched(row, true),
    },
    { name: "test", key: "t", word: "admin.test", when: ({ disabled_at }) => disabled_at === null, do: tested },
    {
      name: "secret",
      key: "p",
      word: "admin.secret",
      when: ({ kind }) => kind !== "email",
      final: "admin.secret.final",
      do: rotated,
    },
    {
      name: "dead",
      key: "d",
      word: "admin.dead",
      needs: ["subscriptions:read"],
      when: ({ dead }) => dead > 0,
      do: async ({ subscription }) => {
        screen.go("admin", { tab: "dead", subscription });
        return { said: { word: "admin.said.dead", values: { what: subscription } } };
      },
    },
  ],
};
