import { audit as api, type AuditRow, type ChainState } from "../../api/admin";
import { clock } from "../../fleet/clock.svelte";
import { moment } from "../../words/format";
import { say, sayCode } from "../../words/language.svelte";
import { type Choice, type Draft, type Kind, type Note, orNull } from "../scheme";

/** Who looked and who wrote. What was done is a code, `track.read`: a thing and how, each with words. */

const THINGS = [
  ...["live", "positions", "vehicle", "near", "presence", "whereabouts", "events", "alerts", "share"],
  ...["track", "playback", "trips", "stops", "gaps", "odometer", "visits", "days", "heat", "reject"],
  ...["ogc", "open", "sign_in", "password", "session", "local_user", "role_assignment", "api_key"],
  ...["device", "device_assignment", "contractor", "department", "cluster", "application"],
  ...["duty_status", "alert_change", "fence", "fence_version", "fence_share", "rule", "backtest"],
  ...["vehicle_group", "vehicle_group_member", "fence_group", "fence_group_member", "fence_scope"],
  ...["subscription", "location_grant", "share_link", "legal_hold", "private_interval"],
];

export function what(code: string): string {
  const dot = code.lastIndexOf(".");
  const [thing, how] = [code.slice(0, dot), code.slice(dot + 1)];
  const worded = { thing: sayCode("admin.thing", thing), how: sayCode("admin.how", how) };
  return worded.thing === thing ? code : say("admin.what.code", worded);
}

function choices(): readonly Choice[] {
  const named = THINGS.map((thing) => ({ value: `${thing}.`, text: () => sayCode("admin.thing", thing) }));
  return [{ value: "", word: "admin.what.any" }, ...named];
}

async function rows(asked: Draft) {
  const vehicle = orNull(asked.vehicle);
  const narrowed = {
    day: orNull(asked.day) ?? undefined,
    what: orNull(asked.what) ?? undefined,
    who: orNull(asked.who) ?? undefined,
  };
  if (vehicle !== null && asked.about === "saw") {
    const { day, what: begins = "", who = "" } = narrowed;
    const seen = await api.whoSaw(vehicle, day);
    const sought = who.toLowerCase();
    return seen.filter(
      (row) => row.what.startsWith(begins) && `${row.who}\n${row.label}`.toLowerCase().includes(sought),
    );
  }
  return api.rows({ ...narrowed, vehicle: vehicle ?? undefined });
}

const at = (time: string | null) => (time === null ? "–" : moment(Date.parse(time) / 1000, clock.nowS));

function chain(state: ChainState): Note {
  const { whole, day, n, found, faults, signed } = state;
  const text = () => {
    if (whole === null) return say("admin.chain.unknown");
    const times = { from: at(state.began_at), checked: at(state.checked_at) };
    const values = { rows: state.rows, day: day ?? "–", n: n ?? 0, found, ...times };
    return say(whole ? "admin.chain.whole" : "admin.chain.broken", values);
  };
  const end = () =>
    signed === null
      ? say("admin.chain.unsigned")
      : say("admin.chain.signed", { day: signed.day, n: signed.n, at: at(signed.signed_at), key: signed.key });
  return { text: () => `${text()} ${end()}`, bad: whole === false, details: faults };
}

export const audit: Kind<AuditRow> = {
  name: "audit",
  word: "admin.audit",
  needs: ["audit:read"],
  empty: "admin.empty.audit",
  idOf: ({ day, n }) => `${day},${n}`,
  note: async () => chain(await api.chain()),
  columns: [
    { word: "admin.at", of: (row) => ({ moment: row.at }) },
    { word: "admin.who", of: ({ label, who }) => (label === who ? who : `${label} (${who})`) },
    { word: "admin.what", of: (row) => what(row.what) },
    {
      word: "admin.seen",
      of: (row) => (row.vehicles.length > 0 ? row.vehicles.join(", ") : row.departments.join(", ")),
    },
    { word: "admin.purpose", of: ({ purpose }) => purpose },
    { word: "admin.detail", of: ({ detail }) => detail, aside: true },
    { word: "admin.since", of: ({ since }) => (since === null ? null : { moment: since }), aside: true },
    { word: "admin.until", of: ({ until }) => (until === null ? null : { moment: until }), aside: true },
    { word: "admin.code", of: (row) => row.what, aside: true },
    { word: "admin.place_in_chain", of: ({ day, n }) => `${day} #${n}`, aside: true },
    { word: "admin.path", of: ({ path }) => path, aside: true },
    { word: "admin.address", of: ({ address }) => address, aside: true },
    { word: "admin.trace", of: (row) => row.trace_id, aside: true },
  ],
  asks: [
    { name: "who", word: "admin.audit.who", hint: "admin.audit.who.hint" },
    { name: "what", word: "admin.audit.what", as: "choice", choices: choices() },
    { name: "vehicle", word: "admin.vehicle", hint: "admin.full_ref.hint" },
    { name: "day", word: "admin.day", as: "day" },
    {
      name: "about",
      word: "admin.audit.about",
      as: "choice",
      hint: "admin.audit.about.hint",
      choices: [
        { value: "", word: "admin.audit.about.names" },
        { value: "saw", word: "admin.audit.about.saw" },
      ],
    },
  ],
  list: rows,
};
