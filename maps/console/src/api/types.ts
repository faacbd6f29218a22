/** What the service says, as its OpenAPI document has it. Field names are the wire's own. */
import type { components } from "../../generated/schema";

export type Schemas = components["schemas"];

/** Some of many rows, the newest first, and how those before them are fetched. */
export interface Page<R> {
  rows: readonly R[];
  older: (() => Promise<Page<R>>) | null;
}

/** A text in both languages of the government. */
export type Name = Schemas["Name"];
export type Department = Schemas["Department"];
/** `GET /v1/sign-in`: open to anyone, says how to sign in here. */
export type SignInChoices = Schemas["SignInChoices"];
/** `department` is a department's code, or `*` for the platform office. */
export type Credentials =
  | Schemas["SignInAsDepartment"]
  | Schemas["SignInWithKey"]
  | Schemas["SignInWithPassword"];
/** `GET /v1/me`. */
export type Caller = Schemas["Me"];
export type Permission = Caller["permissions"][number];
/** What stays the same about a vehicle while it moves. `id` is its number in the live frames. */
export type Vehicle = Schemas["Vehicle"];
/** A department's use of the platform, of those that a seen vehicle belongs to. */
export type Application = Schemas["Application"];
/** A place as typed, in degrees and in HK1980 Grid. */
export type Place = Schemas["Place"];
/** `GET /v1/near`: a vehicle, how far away and in which direction. */
export type NearVehicle = Schemas["NearVehicle"];
/** A base map beside the built-in one. */
export type Basemap = Schemas["Basemap"];
/** `GET /v1/console`: which build is served, and the base maps. */
export type ConsoleFacts = Schemas["Console"];
export type DutyStatus = Schemas["DutyChange"]["status"];
export type FenceProperties = Schemas["FenceProperties"];
export type Fences = GeoJSON.FeatureCollection<
  GeoJSON.Polygon | GeoJSON.MultiPolygon,
  FenceProperties
>;
/** `GET /v1/alerts`: one page, the newest first; `next` is where the one after it is. */
export type AlertPage = Schemas["Alerts"];
export type Alert = Schemas["Alert"];
export type Severity = Alert["severity"];
/** One thing that was done to an alert; `by` null: the service itself. */
export type AlertChange = Schemas["AlertChange"];
/** `GET /v1/alerts/{id}`: the oldest change first. */
export type AlertDetails = Schemas["AlertDetails"];
export type CloseReason = Schemas["Close"]["reason"];
/** What a person does to alerts: exactly one of these. */
export type AlertAct =
  | { acknowledge: { note?: string } }
  | { assign: { to: string | null } }
  | { note: { note: string } }
  | { snooze: { until: string | null } }
  | { close: { reason: CloseReason } }
  | { reopen: Record<string, never> };
/** How it went with one of many; `problem` is the name of what stood in the way. */
export type ActResult = Schemas["BulkResult"];
