import { type Reject, rejects as api } from "../../api/admin";
import { type Kind, orNull, type Outcome } from "../scheme";

async function replayed(asked: { device: string; reasons?: string[] }): Promise<Outcome> {
  const { asked: count } = await api.replay(asked);
  return { said: { word: "admin.said.replay", values: { n: count, what: asked.device } } };
}

function waits({ replay_asked_at, replayed_at }: Reject): string {
  if (replayed_at !== null) return "stored";
  return replay_asked_at === null ? "kept" : "asked";
}

export const rejects: Kind<Reject> = {
  name: "rejects",
  word: "admin.rejects",
  needs: ["devices:read"],
  empty: "admin.empty.rejects",
  idOf: ({ id }) => String(id),
  columns: [
    { word: "admin.received_at", of: (row) => ({ moment: row.received_at }) },
    { word: "admin.device", of: ({ device }) => device },
    { word: "admin.reason", of: ({ reason }) => ({ prefix: "admin.reason", code: reason }) },
    { word: "admin.state", of: (row) => ({ prefix: "admin.reject", code: waits(row) }) },
    { word: "admin.raw", of: ({ raw }) => raw ?? null },
    { word: "admin.source", of: ({ source }) => source, aside: true },
    { word: "admin.message", of: ({ boot, seq }) => (boot === null ? null : `${boot}, ${seq ?? ""}`), aside: true },
  ],
  asks: [
    { name: "device", word: "admin.device", hint: "admin.full_ref.hint" },
    { name: "purpose", word: "admin.raw.purpose", hint: "admin.raw.hint" },
  ],
  list: ({ device, purpose }) => {
    const of = orNull(device) ?? undefined;
    return purpose?.trim() ? api.raw(of, purpose.trim()) : api.list(of);
  },
  acts: [
    {
      name: "replay",
      key: "a",
      word: "admin.replay",
      needs: ["devices:admin"],
      when: (row) => row.device !== null && row.replayed_at === null,
      do: ({ device, reason }) => replayed({ device: device ?? "", reasons: [reason] }),
    },
  ],
};
