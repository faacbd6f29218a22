/** What the service says. Field names are the wire's own. */

/** A text in both languages of the government. */
export interface Name {
  en: string;
  "zh-Hant": string;
}

export interface Department {
  department: string;
  name: Name;
}

/** `GET /v1/sign-in`: open to anyone, says how to sign in here. */
export interface SignInChoices {
  mode: "demo" | "password";
  government: Name;
  departments: Department[];
  /** What the other way in is called; null where there is none. */
  provider: Name | null;
}

/** `department` is a department's code, or `*` for the platform office. */
export type Credentials =
  | { department: string }
  | { key: string }
  | { name: string; password: string };

/** `GET /v1/me`. */
export interface Caller {
  id: string;
  label: string;
  platform: boolean;
  roles: string[];
  /** What they may do in some department: `alerts:act`. */
  permissions: string[];
  departments: Department[];
  /** Sent with whatever is changed: proof that our own page sends it. */
  csrf: string | null;
}

/** What stays the same about a vehicle while it moves. `id` is its number in the live frames. */
export interface Vehicle {
  id: number;
  /** Full ref, `FSD/AMB-012`. */
  vehicle: string;
  department: string;
  name: Name;
  plate: string | null;
  class: string;
  application: string | null;
  capabilities: string[];
  duty_status: string | null;
  /** It is in a private time now: nobody is told where it is. */
  private: boolean;
  /** Another department's, seen by a grant: how much of where it is, what for, until when. */
  granted: "position" | "blurred" | "presence" | null;
  purpose: string | null;
  granted_until: string | null;
  /** Expected seconds between fixes: one or two classes of moving, then at rest. */
  interval_s: number[];
}

export interface FenceProperties {
  fence: string;
  department: string;
  name: Name;
  kind: "polygon" | "circle" | "corridor";
  version: number;
}

export type Fences = GeoJSON.FeatureCollection<
  GeoJSON.Polygon | GeoJSON.MultiPolygon,
  FenceProperties
>;

/** `GET /v1/alerts`: one page, the newest first; `next` is where the one after it is. */
export interface AlertPage {
  alerts: Alert[];
  next: string | null;
}

export type Severity = "info" | "warning" | "critical";

export interface Alert {
  id: string;
  state: "open" | "acknowledged" | "closed";
  severity: Severity;
  kind:
    | ("enter" | "exit" | "present" | "dwell" | "speed" | "inside")
    | ("silent" | "duress" | "sensor" | "proximity");
  vehicle: string;
  vehicle_name: Name;
  /** Null where it has to do with no one fence. */
  fence: string | null;
  fence_name: Name | null;
  /** The other vehicle, of one that is near another. */
  other: string | null;
  other_name: Name | null;
  rule: string;
  rule_name: Name;
  /** When the border was crossed; null where only `not_after` is known. */
  time: string | null;
  not_after: string;
  opened_at: string;
  /** Found in data that came after newer data of the same vehicle. */
  late: boolean;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  closed_at: string | null;
  closed_by: string | null;
  close_reason: string | null;
  /** The last that was said of it. */
  note: string | null;
  assigned_to: string | null;
  snoozed_until: string | null;
  /** Nobody acknowledged it within its rule's time. */
  escalated_at: string | null;
  /** Further events of its rule, vehicle and fence that joined it. */
  suppressed: number;
  revision: number;
  /** Later data disproved the event of a withdrawn one. */
  event_status: "valid" | "withdrawn";
  lon: number | null;
  lat: number | null;
}

/** One thing that was done to an alert; `by` null: the service itself. */
export interface AlertChange {
  at: string;
  by: string | null;
  what: string;
  note: string | null;
  detail: Record<string, unknown>;
  revision: number;
}

/** `GET /v1/alerts/{id}`: the oldest change first. */
export interface AlertDetails extends Alert {
  changes: AlertChange[];
}

export type CloseReason = "handled" | "false" | "duplicate";

/** What a person does to alerts: exactly one of these. */
export type AlertAct =
  | { acknowledge: { note?: string } }
  | { assign: { to: string | null } }
  | { note: { note: string } }
  | { snooze: { until: string | null } }
  | { close: { reason: CloseReason } }
  | { reopen: object };

/** How it went with one of many; `problem` is the name of what stood in the way. */
export interface ActResult {
  id: string;
  status: number;
  problem: string | null;
}
