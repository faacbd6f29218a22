import { atRef, http, the, unguessed } from "./http";
import type { Page, Schemas } from "./types";

export type Registered = {
  vehicle: Schemas["RegisteredVehicle"];
  device: Schemas["RegisteredDevice"];
  contractor: Schemas["RegisteredContractor"];
  department: Schemas["RegisteredDepartment"];
};
export type Enrolled = Schemas["EnrolledDevice"];
export type User = Schemas["User"];
export type Reject = Schemas["Reject"] & { raw?: string };
export type Grant = Schemas["Grant"];
export type Share = Omit<Schemas["MadeShare"], "token" | "path">;
export type AuditRow = Schemas["AuditRow"];
export type ChainState = Schemas["ChainState"];
export type Key = Schemas["Key"];

/** The same request with the same key is done once. */
type Once = string;

const at = (full: string, revision: number) => ({ ...atRef(full), header: { "If-Match": `"${revision}"` } });
const once = (key: Once) => ({ header: { "Idempotency-Key": key } });

export const vehicles = {
  list: async () => (await the(http.GET("/v1/registry/vehicles"))).vehicles,
  add: (body: Schemas["VehicleGiven"], key: Once) =>
    the(http.POST("/v1/registry/vehicles", { params: once(key), body })),
  edit: (full: string, revision: number, body: Schemas["VehicleEdit"]) =>
    the(http.PUT("/v1/registry/vehicles/{department}/{ref}", { params: at(full, revision), body })),
  retire: (full: string, revision: number) =>
    the(http.POST("/v1/registry/vehicles/{department}/{ref}/retire", { params: at(full, revision) })),
  restore: (full: string, revision: number) =>
    the(http.POST("/v1/registry/vehicles/{department}/{ref}/restore", { params: at(full, revision) })),
};

export const devices = {
  list: async () => (await the(http.GET("/v1/registry/devices"))).devices,
  add: (body: Schemas["DeviceGiven"], key: Once) =>
    the(http.POST("/v1/registry/devices", { params: once(key), body })),
  addAll: async (given: Schemas["DeviceGiven"][], key: Once) =>
    (await the(http.POST("/v1/registry/devices/batch", { params: once(key), body: { devices: given } }))).devices,
  edit: (full: string, revision: number, body: Schemas["DeviceEdit"]) =>
    the(http.PUT("/v1/registry/devices/{department}/{ref}", { params: at(full, revision), body })),
  place: (full: string, revision: number, vehicle: string | null) =>
    the(http.PUT("/v1/registry/devices/{department}/{ref}/vehicle", { params: at(full, revision), body: { vehicle } })),
  password: (full: string) =>
    the(
      http.POST("/v1/registry/devices/{department}/{ref}/password", {
        params: { ...atRef(full), ...once(unguessed()) },
      }),
    ),
  retire: (full: string, revision: number) =>
    the(http.POST("/v1/registry/devices/{department}/{ref}/retire", { params: at(full, revision) })),
  restore: (full: string, revision: number) =>
    the(http.POST("/v1/registry/devices/{department}/{ref}/restore", { params: at(full, revision) })),
};

export const contractors = {
  list: async () => (await the(http.GET("/v1/registry/contractors"))).contractors,
  add: (body: Schemas["ContractorGiven"], key: Once) =>
    the(http.POST("/v1/registry/contractors", { params: once(key), body })),
  edit: (full: string, revision: number, body: Schemas["Names"]) =>
    the(http.PUT("/v1/registry/contractors/{department}/{ref}", { params: at(full, revision), body })),
};

export const departments = {
  list: async () => (await the(http.GET("/v1/registry/departments"))).departments,
  add: (body: Schemas["DepartmentGiven"], key: Once) =>
    the(http.POST("/v1/registry/departments", { params: once(key), body })),
  edit: (department: string, revision: number, body: Schemas["Names"]) =>
    the(
      http.PUT("/v1/registry/departments/{department}", {
        params: { path: { department }, header: { "If-Match": `"${revision}"` } },
        body,
      }),
    ),
};

const who = (login: string, revision: number) => ({
  path: { login },
  header: { "If-Match": `"${revision}"` },
});

export const users = {
  list: async () => (await the(http.GET("/v1/users"))).users,
  add: (body: Schemas["NewUser"], key: Once) => the(http.POST("/v1/users", { params: once(key), body })),
  rename: (login: string, revision: number, name: string) =>
    the(http.PUT("/v1/users/{login}", { params: who(login, revision), body: { name } })),
  give: (login: string, revision: number, roles: string[]) =>
    the(http.POST("/v1/users/{login}/roles", { params: who(login, revision), body: { roles } })),
  take: (login: string, revision: number, roles: string[]) =>
    the(http.POST("/v1/users/{login}/roles/end", { params: who(login, revision), body: { roles } })),
  password: (login: string) =>
    the(http.POST("/v1/users/{login}/password", { params: { path: { login }, ...once(unguessed()) } })),
  disable: (login: string, revision: number) =>
    the(http.POST("/v1/users/{login}/disable", { params: who(login, revision) })),
  enable: (login: string, revision: number) =>
    the(http.POST("/v1/users/{login}/enable", { params: who(login, revision) })),
};

export const rejects = {
  list: async (device: string | undefined): Promise<Reject[]> =>
    (await the(http.GET("/v1/rejects", { params: { query: { device } } }))).rejects,
  /** With what was sent: that tells where vehicles were, so a purpose goes with it into the audit. */
  raw: async (device: string | undefined, purpose: string): Promise<Reject[]> =>
    (await the(http.GET("/v1/rejects/raw", { params: { query: { device, purpose } } }))).rejects,
  replay: (body: Schemas["ReplayAsked"]) => the(http.POST("/v1/rejects/replay", { body })),
};

const grantAt = (id: string, revision: number) => ({
  path: { grant_id: id },
  header: { "If-Match": `"${revision}"` },
});

export const grants = {
  list: async () => (await the(http.GET("/v1/grants"))).grants,
  ask: (body: Schemas["NewGrant"]) => the(http.POST("/v1/grants", { body })),
  approve: (id: string, revision: number) =>
    the(http.POST("/v1/grants/{grant_id}/approve", { params: grantAt(id, revision) })),
  revoke: (id: string, revision: number) =>
    the(http.POST("/v1/grants/{grant_id}/revoke", { params: grantAt(id, revision) })),
};

export const shares = {
  list: async () => (await the(http.GET("/v1/shares"))).shares,
  make: (body: Schemas["NewShare"]) => the(http.POST("/v1/shares", { body })),
  revoke: (id: string) => the(http.DELETE("/v1/shares/{share}", { params: { path: { share: id } } })),
};

export const keys = {
  list: async () => (await the(http.GET("/v1/keys"))).keys,
  make: (body: Schemas["NewKey"]) => the(http.POST("/v1/keys", { body })),
  revoke: (key: string) => the(http.DELETE("/v1/keys/{key}", { params: { path: { key } } })),
};

/** Which rows of the audit; without: any. */
export interface AuditAsked {
  day?: string | undefined;
  what?: string | undefined;
  who?: string | undefined;
  vehicle?: string | undefined;
}

const AUDIT_ROWS = 200;

/** The newest rows, or those before one. */
async function auditRows(asked: AuditAsked, before?: string): Promise<Page<AuditRow>> {
  const query = { ...asked, limit: AUDIT_ROWS, before };
  const { rows, next } = await the(http.GET("/v1/audit", { params: { query } }));
  const last = rows.at(-1);
  const older = next === null || !last ? null : () => auditRows(asked, `${last.day},${last.n}`);
  return { rows, older };
}

export const audit = {
  rows: (asked: AuditAsked) => auditRows(asked),
  /** Who looked at a vehicle on a day, or could have: live views and maps of everything too. */
  whoSaw: async (vehicle: string, day: string | undefined): Promise<AuditRow[]> => {
    const params = { ...atRef(vehicle), query: { day } };
    return (await the(http.GET("/v1/audit/vehicles/{department}/{ref}", { params }))).rows;
  },
  /** Whether nobody changed it. */
  chain: () => the(http.GET("/v1/audit/chain")),
};
