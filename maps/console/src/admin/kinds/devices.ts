import { devices as api, type Enrolled, type Registered } from "../../api/admin";
import { type Draft, type Kind, orNull, type Outcome, type Secret } from "../scheme";

type Device = Registered["device"];

const EARLIEST = "2000-01-01T00:00:00Z";

function refOf(full: string | null): string {
  return full?.split("/")[1] ?? "";
}

function draftOf(row: Device): Draft {
  return {
    vehicle: refOf(row.vehicle),
    accept_from: row.accept_from,
    rollover: row.rollover,
    mmsi: row.mmsi ?? "",
  };
}

function termsOf(draft: Draft) {
  return {
    accept_from: draft.accept_from?.trim() || EARLIEST,
    rollover: (draft.rollover || "auto") as Device["rollover"],
    mmsi: orNull(draft.mmsi),
  };
}

/** The device itself, and then where it is: each only where it differs. */
async function edited(before: Device, draft: Draft): Promise<Outcome> {
  const was = draftOf(before);
  let now = before;
  if (["accept_from", "rollover", "mmsi"].some((name) => was[name] !== draft[name])) {
    now = await api.edit(before.device, now.revision, termsOf(draft));
  }
  if (was.vehicle !== draft.vehicle?.trim()) {
    now = await api.place(before.device, now.revision, orNull(draft.vehicle));
  }
  const said = { word: "admin.said.changed", values: { what: before.device } } as const;
  return { row: before.device, said, undo: () => edited(now, was) };
}

async function retired({ device, revision }: Device): Promise<Outcome> {
  const now = await api.retire(device, revision);
  const said = { word: "admin.said.retired", values: { what: device } } as const;
  return { row: device, said, undo: () => restored(now) };
}

async function restored({ device, revision }: Device): Promise<Outcome> {
  const now = await api.restore(device, revision);
  const said = { word: "admin.said.restored", values: { what: device } } as const;
  return { row: device, said, undo: () => retired(now) };
}

export function passwordsOf(enrolled: readonly Enrolled[]): Secret[] {
  return enrolled.flatMap(({ device, password }) =>
    password === null ? [] : [{ of: device, secret: password }],
  );
}

export const devices: Kind<Device> = {
  name: "devices",
  word: "admin.devices",
  needs: ["devices:admin"],
  empty: "admin.empty.devices",
  idOf: ({ device }) => device,
  enrols: true,
  columns: [
    { word: "admin.device", of: ({ device }) => device },
    { word: "admin.vehicle", of: ({ vehicle }) => vehicle },
    {
      word: "admin.online",
      of: ({ online }) => (online === null ? null : { prefix: "admin.online", code: String(online) }),
    },
    { word: "admin.mmsi", of: ({ mmsi }) => mmsi },
    { word: "admin.since", of: ({ since }) => (since === null ? null : { moment: since }), aside: true },
    { word: "admin.accept_from", of: (row) => ({ moment: row.accept_from }), aside: true },
    { word: "admin.rollover", of: (row) => ({ prefix: "admin.rollover", code: row.rollover }), aside: true },
    { word: "admin.made_at", of: (row) => ({ moment: row.created_at }), aside: true },
  ],
  stateOf: ({ retired_at }) => (retired_at === null ? null : "admin.state.retired"),
  list: () => api.list(),
  fields: [
    { name: "department", word: "admin.department", as: "department", required: true, onlyNew: true },
    { name: "ref", word: "admin.ref", required: true, onlyNew: true, hint: "admin.ref.hint" },
    { name: "vehicle", word: "admin.vehicle", hint: "admin.vehicle.hint" },
    { name: "mmsi", word: "admin.mmsi", hint: "admin.mmsi.hint" },
    { name: "accept_from", word: "admin.accept_from", start: EARLIEST, hint: "admin.accept_from.hint" },
    {
      name: "rollover",
      word: "admin.rollover",
      as: "choice",
      start: "auto",
      choices: [
        { value: "auto", word: "admin.rollover.auto" },
        { value: "on", word: "admin.rollover.on" },
        { value: "off", word: "admin.rollover.off" },
      ],
    },
  ],
  add: {
    word: "admin.new.device",
    needs: ["devices:admin"],
    do: async (draft, once) => {
      const place = { department: draft.department ?? "", ref: draft.ref?.trim() ?? "" };
      const given = { ...place, vehicle: orNull(draft.vehicle), ...termsOf(draft), password: true };
      const made = await api.add(given, once);
      const said = { word: "admin.said.added", values: { what: made.device } } as const;
      return { row: made.device, said, secrets: passwordsOf([made]), undo: () => retired(made) };
    },
  },
  edit: { when: ({ retired_at }) => retired_at === null, draftOf, do: edited },
  acts: [
    { name: "retire", key: "r", word: "admin.retire", when: (row) => row.retired_at === null, do: retired },
    { name: "restore", key: "r", word: "admin.restore", when: (row) => row.retired_at !== null, do: restored },
    {
      name: "password",
      key: "p",
      word: "admin.password",
      when: ({ retired_at, mmsi }) => retired_at === null && mmsi === null,
      final: "admin.password.device.final",
      do: async ({ device }) => {
        const made = await api.password(device);
        const said = { word: "admin.said.password", values: { what: device } } as const;
        return { row: device, said, secrets: passwordsOf([made]) };
      },
    },
  ],
};
