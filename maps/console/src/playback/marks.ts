/** What happened in a range, in order: on the map, on the graph, and in a list. */
import type { Name, Severity } from "../api/types";
import type { Marks, PlayedAlert } from "../api/playback";
import type { Known } from "./instant";

export type MarkKind = "trip" | "arrived" | "stop" | "gap" | "enter" | "exit" | "present" | "alert";

export interface Mark {
  id: string;
  kind: MarkKind;
  /** Full ref. */
  vehicle: string;
  atMs: number;
  /** Since when the service knew it. */
  knownMs: number;
  /** How long it went on, where that is known. */
  lengthS: number | null;
  place: [lon: number, lat: number] | null;
  fence: Name | null;
  alert: PlayedAlert | null;
}

/** A shape beside the colour; the same in the list, on the map and on the graph. */
export const GLYPHS: Record<MarkKind, string> = {
  trip: "▶",
  arrived: "◎",
  stop: "■",
  gap: "┄",
  enter: "◆",
  exit: "◇",
  present: "◈",
  alert: "▲",
};

export function marksOf(all: readonly Marks[], alerts: readonly PlayedAlert[]): Mark[] {
  const marks = [...all.flatMap(marksOfVehicle), ...alerts.map(markOfAlert)];
  return marks.sort((a, b) => a.atMs - b.atMs);
}

/** When a mark counts: when it happened, or when it became known if that was later. */
export function momentOf(mark: Mark, known: Known): number {
  return known === "then" ? Math.max(mark.atMs, mark.knownMs) : mark.atMs;
}

/** The marks that count, in their order. */
export function inOrder(marks: readonly Mark[], known: Known): Mark[] {
  return marks
    .filter(({ alert }) => known === "then" || alert?.event_status !== "withdrawn")
    .toSorted((a, b) => momentOf(a, known) - momentOf(b, known));
}

/** The state an alert was in; null while there was none. As known now it began with its event. */
export function stateAt(alert: PlayedAlert, atMs: number, known: Known): PlayedAlert["state"] | null {
  if (known === "now" && alert.event_status === "withdrawn") return null;
  const begun = known === "now" ? eventMs(alert) : Date.parse(alert.opened_at);
  if (atMs < begun) return null;
  return alert.states.findLast(({ since }) => Date.parse(since) <= atMs)?.state ?? "open";
}

const RANKS: readonly Severity[] = ["info", "warning", "critical"];

/** The worst open alert of each vehicle at an instant. */
export function worstAt(
  alerts: readonly PlayedAlert[],
  atMs: number,
  known: Known,
): Map<string, Severity> {
  const worst = new Map<string, Severity>();
  for (const alert of alerts) {
    if (stateAt(alert, atMs, known) !== "open") continue;
    const before = worst.get(alert.vehicle);
    if (before && RANKS.indexOf(before) >= RANKS.indexOf(alert.severity)) continue;
    worst.set(alert.vehicle, alert.severity);
  }
  return worst;
}

export function eventMs(alert: PlayedAlert): number {
  return Date.parse(alert.time ?? alert.not_after);
}

function marksOfVehicle({ vehicle, trips, stops, gaps, crossings }: Marks): Mark[] {
  const mark = (kind: MarkKind, at: string, rest: Partial<Mark> = {}): Mark => {
    const atMs = Date.parse(at);
    const empty = { knownMs: atMs, lengthS: null, place: null, fence: null, alert: null };
    return { id: `${kind} ${vehicle} ${at} ${rest.fence?.en ?? ""}`, kind, vehicle, atMs, ...empty, ...rest };
  };
  const lasted = (from: string, to: string | null) =>
    to === null ? null : (Date.parse(to) - Date.parse(from)) / 1000;
  return [
    ...trips.map((each) =>
      mark("trip", each.started_at, { lengthS: lasted(each.started_at, each.ended_at) }),
    ),
    ...trips
      .filter(({ ends_by }) => ends_by !== "open")
      .map((each) => mark("arrived", each.ended_at)),
    ...stops.map((each) =>
      mark("stop", each.started_at, {
        lengthS: lasted(each.started_at, each.ended_at),
        place: each.lon === null || each.lat === null ? null : [each.lon, each.lat],
      }),
    ),
    ...gaps.map((each) =>
      mark("gap", each.started_at, {
        knownMs: Date.parse(each.ended_at),
        lengthS: lasted(each.started_at, each.ended_at),
      }),
    ),
    ...crossings.map((each) =>
      mark(each.kind, each.time ?? each.not_after, {
        knownMs: Date.parse(each.created_at),
        fence: each.fence_name,
      }),
    ),
  ];
}

function markOfAlert(alert: PlayedAlert): Mark {
  return {
    id: `alert ${alert.id}`,
    kind: "alert",
    vehicle: alert.vehicle,
    atMs: eventMs(alert),
    knownMs: Date.parse(alert.opened_at),
    lengthS: null,
    place: alert.lon === null || alert.lat === null ? null : [alert.lon, alert.lat],
    fence: alert.fence_name,
    alert,
  };
}
