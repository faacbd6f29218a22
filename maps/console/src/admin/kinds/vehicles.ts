import { type Registered, vehicles as api } from "../../api/admin";
import type { Schemas } from "../../api/types";
import { screen } from "../../screen.svelte";
import { say, sayCode } from "../../words/language.svelte";
import { type Draft, type Kind, lines, number, orNull, type Outcome } from "../scheme";

type Vehicle = Registered["vehicle"];

const KMH = 3.6;

function kmh(row: Vehicle): string {
  return row.max_speed_mps === null ? "" : String(Number((row.max_speed_mps * KMH).toFixed(2)));
}

function capabilitiesOf({ capabilities }: Vehicle): string {
  return capabilities.map((each) => sayCode("capability", each)).join(say("list.between"));
}

/** Of a new one, or of `row` as it is to be: what nobody changed goes back as it came. */
function bodyOf(draft: Draft, row?: Vehicle): Schemas["VehicleEdit"] {
  const typed = draft.max_speed_mps ?? "";
  const speed = typed.trim() === "" ? null : number(typed) / KMH;
  return {
    name: { en: draft["name.en"] ?? "", "zh-Hant": draft["name.zh-Hant"] ?? "" },
    plate: orNull(draft.plate),
    vehicle_class: draft.vehicle_class ?? "",
    capabilities: lines(draft.capabilities),
    application: orNull(draft.application),
    contractor: orNull(draft.contractor),
    moving_interval_s: number(draft.moving_interval_s),
    stopped_interval_s: number(draft.stopped_interval_s),
    heartbeat_s: number(draft.heartbeat_s),
    max_speed_mps: row && kmh(row) === typed ? row.max_speed_mps : speed,
  };
}

function asItWas(row: Vehicle): Schemas["VehicleEdit"] {
  return bodyOf(draftOf(row), row);
}

function draftOf(row: Vehicle): Draft {
  return {
    "name.en": row.name.en ?? "",
    "name.zh-Hant": row.name["zh-Hant"] ?? "",
    plate: row.plate ?? "",
    vehicle_class: row.vehicle_class,
    capabilities: row.capabilities.join("\n"),
    application: row.application ?? "",
    contractor: row.contractor ?? "",
    moving_interval_s: String(row.moving_interval_s),
    stopped_interval_s: String(row.stopped_interval_s),
    heartbeat_s: String(row.heartbeat_s),
    max_speed_mps: kmh(row),
  };
}

async function edited(before: Vehicle, body: Schemas["VehicleEdit"]): Promise<Outcome> {
  const now = await api.edit(before.vehicle, before.revision, body);
  const values = { what: before.vehicle };
  return {
    row: before.vehicle,
    said: { word: "admin.said.changed", values },
    undo: () => edited(now, asItWas(before)),
  };
}

async function retired({ vehicle, revision }: Vehicle): Promise<Outcome> {
  const now = await api.retire(vehicle, revision);
  const said = { word: "admin.said.retired", values: { what: vehicle } } as const;
  return { row: vehicle, said, undo: () => restored(now) };
}

async function restored({ vehicle, revision }: Vehicle): Promise<Outcome> {
  const now = await api.restore(vehicle, revision);
  const said = { word: "admin.said.restored", values: { what: vehicle } } as const;
  return { row: vehicle, said, undo: () => retired(now) };
}

export const vehicles: Kind<Vehicle> = {
  name: "vehicles",
  word: "vehicles",
  needs: ["vehicles:write"],
  empty: "admin.empty.vehicles",
  idOf: ({ vehicle }) => vehicle,
  columns: [
    { word: "admin.vehicle", of: ({ vehicle }) => vehicle },
    { word: "admin.name", of: ({ name }) => name },
    { word: "admin.plate", of: ({ plate }) => plate },
    { word: "admin.class", of: (row) => ({ prefix: "class", code: row.vehicle_class }) },
    { word: "admin.device", of: ({ device }) => device },
    { word: "admin.capabilities", of: capabilitiesOf, aside: true },
    { word: "admin.application", of: ({ application }) => application, aside: true },
    { word: "admin.contractor", of: ({ contractor }) => contractor, aside: true },
    { word: "admin.moving_interval", of: (row) => row.moving_interval_s, aside: true },
    { word: "admin.stopped_interval", of: (row) => row.stopped_interval_s, aside: true },
    { word: "admin.heartbeat", of: (row) => row.heartbeat_s, aside: true },
    { word: "admin.max_speed", of: (row) => kmh(row) || null, aside: true },
    { word: "admin.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  stateOf: ({ retired_at }) => (retired_at === null ? null : "admin.state.retired"),
  list: () => api.list(),
  fields: [
    { name: "department", word: "admin.department", as: "department", required: true, onlyNew: true },
    { name: "ref", word: "admin.ref", required: true, onlyNew: true, hint: "admin.ref.hint" },
    { name: "name.en", word: "admin.name_en" },
    { name: "name.zh-Hant", word: "admin.name_zh" },
    { name: "plate", word: "admin.plate" },
    { name: "vehicle_class", word: "admin.class", required: true, start: "vehicle", hint: "admin.class.hint" },
    { name: "capabilities", word: "admin.capabilities", as: "lines", hint: "admin.lines.hint" },
    { name: "application", word: "admin.application" },
    { name: "contractor", word: "admin.contractor", hint: "admin.contractor.hint" },
    { name: "moving_interval_s", word: "admin.moving_interval", as: "number", required: true, start: "10" },
    { name: "stopped_interval_s", word: "admin.stopped_interval", as: "number", required: true, start: "60" },
    { name: "heartbeat_s", word: "admin.heartbeat", as: "number", required: true, start: "3600" },
    { name: "max_speed_mps", word: "admin.max_speed", as: "number", hint: "admin.max_speed.hint" },
  ],
  add: {
    word: "admin.new.vehicle",
    needs: ["vehicles:write"],
    do: async (draft, once) => {
      const place = { department: draft.department ?? "", ref: draft.ref?.trim() ?? "" };
      const made = await api.add({ ...place, ...bodyOf(draft) }, once);
      const said = { word: "admin.said.added", values: { what: made.vehicle } } as const;
      return { row: made.vehicle, said, undo: () => retired(made) };
    },
  },
  edit: {
    when: ({ retired_at }) => retired_at === null,
    draftOf,
    do: (row, draft) => edited(row, bodyOf(draft, row)),
  },
  acts: [
    { name: "retire", key: "r", word: "admin.retire", when: (row) => row.retired_at === null, do: retired },
    { name: "restore", key: "r", word: "admin.restore", when: (row) => row.retired_at !== null, do: restored },
    {
      name: "audit",
      key: "w",
      word: "admin.who_saw",
      needs: ["audit:read"],
      when: () => true,
      do: async ({ vehicle }) => {
        screen.go("admin", { tab: "audit", about: "saw", vehicle });
        return { said: { word: "admin.said.audit", values: { what: vehicle } } };
      },
    },
  ],
};
