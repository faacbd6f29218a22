import { type Grant, grants as api, type Share, shares as shareApi } from "../../api/admin";
import type { Draft, Kind, Outcome } from "../scheme";
import { lines, number, orNull } from "../scheme";

const DAY_MS = 86_400_000;

function titleOf(grant: Grant): string {
  return `${grant.from} → ${grant.to}`;
}

async function revoked(grant: Grant): Promise<Outcome> {
  await api.revoke(grant.id, grant.revision);
  return { row: grant.id, said: { word: "admin.said.revoked", values: { what: titleOf(grant) } } };
}

async function asked(draft: Draft): Promise<Outcome> {
  const made = await api.ask({
    from: draft.from?.trim() ?? "",
    to: draft.to?.trim() ?? "",
    level: draft.level as Grant["level"],
    vehicles: lines(draft.vehicles),
    vehicle_groups: lines(draft.vehicle_groups),
    fences: lines(draft.fences),
    hours: orNull(draft.hours),
    valid_until: new Date(Date.now() + number(draft.days) * DAY_MS).toISOString(),
    purpose: draft.purpose ?? "",
    legal_basis: orNull(draft.legal_basis),
  });
  const said = { word: "admin.said.asked", values: { what: titleOf(made) } } as const;
  return { row: made.id, said, undo: () => revoked(made) };
}

export const grants: Kind<Grant> = {
  name: "grants",
  word: "admin.grants",
  needs: ["grants:read"],
  empty: "admin.empty.grants",
  idOf: ({ id }) => id,
  columns: [
    { word: "admin.from", of: ({ from }) => from },
    { word: "admin.to", of: ({ to }) => to },
    { word: "admin.level", of: ({ level }) => ({ prefix: "admin.level", code: level }) },
    { word: "admin.state", of: ({ state }) => ({ prefix: "admin.grant", code: state }) },
    { word: "admin.purpose", of: ({ purpose }) => purpose },
    { word: "admin.valid_until", of: (row) => ({ moment: row.valid_until }) },
    { word: "admin.granted.vehicles", of: (row) => row.vehicles.join(", "), aside: true },
    { word: "admin.granted.groups", of: (row) => row.vehicle_groups.join(", "), aside: true },
    { word: "admin.granted.fences", of: (row) => row.fences.join(", "), aside: true },
    { word: "admin.hours", of: ({ hours }) => hours, aside: true },
    { word: "admin.legal_basis", of: (row) => row.legal_basis, aside: true },
    { word: "admin.asked_by", of: (row) => row.asked_by, aside: true },
    { word: "admin.approved_by", of: (row) => row.approved_by, aside: true },
    { word: "admin.revoked_by", of: (row) => row.revoked_by, aside: true },
  ],
  stateOf: ({ state }) => (state === "revoked" ? "admin.state.revoked" : state === "ended" ? "admin.state.ended" : null),
  list: () => api.list(),
  fields: [
    { name: "from", word: "admin.from", required: true, hint: "admin.from.hint" },
    { name: "to", word: "admin.to", required: true },
    {
      name: "level",
      word: "admin.level",
      as: "choice",
      start: "position",
      choices: [
        { value: "position", word: "admin.level.position" },
        { value: "blurred", word: "admin.level.blurred" },
        { value: "presence", word: "admin.level.presence" },
      ],
    },
    { name: "vehicles", word: "admin.granted.vehicles", as: "lines", hint: "admin.full_refs.hint" },
    { name: "vehicle_groups", word: "admin.granted.groups", as: "lines", hint: "admin.full_refs.hint" },
    { name: "fences", word: "admin.granted.fences", as: "lines", hint: "admin.fences.hint" },
    { name: "hours", word: "admin.hours", hint: "admin.hours.hint" },
    { name: "days", word: "admin.days", as: "number", required: true, start: "30" },
    { name: "purpose", word: "admin.purpose", required: true },
    { name: "legal_basis", word: "admin.legal_basis" },
  ],
  add: { word: "admin.new.grant", needs: ["grants:write"], do: asked },
  acts: [
    {
      name: "approve",
      key: "a",
      word: "admin.approve",
      when: ({ state }) => state === "asked",
      do: async (grant) => {
        const now = await api.approve(grant.id, grant.revision);
        const said = { word: "admin.said.approved", values: { what: titleOf(grant) } } as const;
        return { row: grant.id, said, undo: () => revoked(now) };
      },
    },
    {
      name: "revoke",
      key: "r",
      word: "admin.revoke",
      when: ({ state }) => state !== "ended" && state !== "revoked",
      final: "admin.revoke.grant.final",
      do: revoked,
    },
  ],
};

export const shares: Kind<Share> = {
  name: "shares",
  word: "admin.shares",
  needs: ["shares:write"],
  empty: "admin.empty.shares",
  idOf: ({ id }) => id,
  columns: [
    { word: "admin.vehicle", of: ({ vehicle }) => vehicle },
    { word: "admin.purpose", of: ({ purpose }) => purpose },
    { word: "admin.expires_at", of: (row) => ({ moment: row.expires_at }) },
    { word: "admin.uses", of: ({ uses }) => uses },
    { word: "admin.made_by", of: (row) => row.created_by, aside: true },
    { word: "admin.revoked_by", of: (row) => row.revoked_by, aside: true },
  ],
  stateOf: (row) => (row.is_open ? null : row.revoked_at ? "admin.state.revoked" : "admin.state.ended"),
  list: () => shareApi.list(),
  fields: [
    { name: "vehicle", word: "admin.vehicle", required: true, hint: "admin.full_ref.hint" },
    {
      name: "hours",
      word: "admin.share.hours",
      as: "choice",
      start: "1",
      choices: [
        { value: "1", word: "admin.share.1" },
        { value: "4", word: "admin.share.4" },
        { value: "8", word: "admin.share.8" },
        { value: "24", word: "admin.share.24" },
      ],
    },
    { name: "purpose", word: "admin.purpose", required: true },
  ],
  add: {
    word: "admin.new.share",
    needs: ["shares:write"],
    do: async (draft) => {
      const vehicle = draft.vehicle?.trim() ?? "";
      const made = await shareApi.make({ vehicle, hours: number(draft.hours), purpose: draft.purpose ?? "" });
      const secrets = [{ of: vehicle, secret: `${location.origin}${made.path}` }];
      const said = { word: "admin.said.shared", values: { what: vehicle } } as const;
      return { row: made.id, said, secrets, undo: () => ended(made) };
    },
  },
  acts: [
    {
      name: "revoke",
      key: "r",
      word: "admin.revoke",
      when: (row) => row.is_open,
      final: "admin.revoke.share.final",
      do: (row) => ended(row),
    },
  ],
};

async function ended({ id, vehicle }: Share): Promise<Outcome> {
  await shareApi.revoke(id);
  return { row: id, said: { word: "admin.said.revoked", values: { what: vehicle } } };
}
