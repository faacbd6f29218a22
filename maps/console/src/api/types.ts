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
  state: string;
  severity: Severity;
  kind: "enter" | "exit" | "present" | "dwell" | "speed" | "inside";
  vehicle: string;
  vehicle_name: Name;
  fence: string;
  fence_name: Name;
  rule: string;
  rule_name: Name;
  /** When the border was crossed; null where only `not_after` is known. */
  time: string | null;
  not_after: string;
  opened_at: string;
  /** Found in data that came after newer data of the same vehicle. */
  late: boolean;
  lon: number | null;
  lat: number | null;
}
