import { contractors as firms, departments as api, type Registered } from "../../api/admin";
import type { Schemas } from "../../api/types";
import type { Draft, Field, Kind, Outcome } from "../scheme";

/** Departments and firms: of both, only what they are called changes. */
type Department = Registered["department"];
type Firm = Registered["contractor"];

const NAMES: readonly Field[] = [
  { name: "name.en", word: "admin.name_en", required: true },
  { name: "name.zh-Hant", word: "admin.name_zh", required: true },
];

function namesOf(draft: Draft): Schemas["Names"] {
  return { name: { en: draft["name.en"] ?? "", "zh-Hant": draft["name.zh-Hant"] ?? "" } };
}

function draftOf({ name }: Department | Firm): Draft {
  return { "name.en": name.en ?? "", "name.zh-Hant": name["zh-Hant"] ?? "" };
}

async function renamed(before: Department, draft: Draft): Promise<Outcome> {
  const now = await api.edit(before.department, before.revision, namesOf(draft));
  const said = { word: "admin.said.changed", values: { what: before.department } } as const;
  return { row: before.department, said, undo: () => renamed(now, draftOf(before)) };
}

async function firmRenamed(before: Firm, draft: Draft): Promise<Outcome> {
  const now = await firms.edit(before.contractor, before.revision, namesOf(draft));
  const said = { word: "admin.said.changed", values: { what: before.contractor } } as const;
  return { row: before.contractor, said, undo: () => firmRenamed(now, draftOf(before)) };
}

export const departments: Kind<Department> = {
  name: "departments",
  word: "admin.departments",
  needs: ["departments:admin"],
  empty: "admin.empty.departments",
  idOf: ({ department }) => department,
  columns: [
    { word: "admin.department", of: ({ department }) => department },
    { word: "admin.name_en", of: ({ name }) => name.en ?? "" },
    { word: "admin.name_zh", of: ({ name }) => name["zh-Hant"] ?? "" },
    { word: "admin.vehicles_in", of: (row) => row.vehicles },
    { word: "admin.devices_in", of: (row) => row.devices },
    { word: "admin.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  list: () => api.list(),
  fields: [
    { name: "department", word: "admin.ref", required: true, onlyNew: true, hint: "admin.department.hint" },
    ...NAMES,
  ],
  add: {
    word: "admin.new.department",
    needs: ["departments:admin"],
    do: async (draft, once) => {
      const made = await api.add({ department: draft.department?.trim() ?? "", ...namesOf(draft) }, once);
      return { row: made.department, said: { word: "admin.said.added", values: { what: made.department } } };
    },
  },
  edit: { when: () => true, draftOf, do: renamed },
};

export const contractors: Kind<Firm> = {
  name: "contractors",
  word: "admin.contractors",
  needs: ["vehicles:write"],
  empty: "admin.empty.contractors",
  idOf: ({ contractor }) => contractor,
  columns: [
    { word: "admin.contractor", of: ({ contractor }) => contractor },
    { word: "admin.name_en", of: ({ name }) => name.en ?? "" },
    { word: "admin.name_zh", of: ({ name }) => name["zh-Hant"] ?? "" },
    { word: "admin.vehicles_in", of: (row) => row.vehicles },
    { word: "admin.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  list: () => firms.list(),
  fields: [
    { name: "department", word: "admin.department", as: "department", required: true, onlyNew: true },
    { name: "ref", word: "admin.ref", required: true, onlyNew: true, hint: "admin.ref.hint" },
    ...NAMES,
  ],
  add: {
    word: "admin.new.contractor",
    needs: ["vehicles:write"],
    do: async (draft, once) => {
      const place = { department: draft.department ?? "", ref: draft.ref?.trim() ?? "" };
      const made = await firms.add({ ...place, ...namesOf(draft) }, once);
      return { row: made.contractor, said: { word: "admin.said.added", values: { what: made.contractor } } };
    },
  },
  edit: { when: () => true, draftOf, do: firmRenamed },
};
