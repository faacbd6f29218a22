import { atRef, http, the, unguessed, useCsrf } from "./http";
import type { ActResult, Alert, AlertAct, AlertPage, Credentials, DutyStatus, Fences } from "./types";

export { Problem, reasonOf } from "./http";

/** Alerts fetched, or changed, at a time; later ones arrive one by one. */
const ALERTS_AT_ONCE = 200;
const OPEN_AT_ONCE = 1000;

/** What the live picture and the queue of alerts ask of the service. Other screens have files of their own. */
export const api = {
  signInChoices: () => the(http.GET("/v1/sign-in")),
  signIn: (credentials: Credentials) => http.POST("/v1/session", { body: credentials }),
  signOut: () => http.DELETE("/v1/session"),
  me: async () => {
    const caller = await the(http.GET("/v1/me"));
    useCsrf(caller.csrf);
    return caller;
  },
  changePassword: (old: string, wanted: string) =>
    http.PUT("/v1/me/password", { body: { old, new: wanted } }),
  vehicles: async () => (await the(http.GET("/v1/vehicles"))).vehicles,
  fences: async () => (await the(http.GET("/v1/fences"))) as unknown as Fences,
  setDuty: (vehicle: string, status: DutyStatus) =>
    http.PUT("/v1/vehicles/{department}/{ref}/duty", { params: atRef(vehicle), body: { status } }),
  /** The newest; of open ones so many that no grave one is left out for being old. */
  alerts: (state: Alert["state"]): Promise<AlertPage> => {
    const limit = state === "open" ? OPEN_AT_ONCE : ALERTS_AT_ONCE;
    return the(http.GET("/v1/alerts", { params: { query: { state, limit } } }));
  },
  /** The page that `next` of another one leads to. */
  olderAlerts: (next: string): Promise<AlertPage> => {
    const query = Object.fromEntries(new URLSearchParams(next.split("?")[1]));
    return the(http.GET("/v1/alerts", { params: { query } }));
  },
  alert: (id: string) => the(http.GET("/v1/alerts/{alert_id}", { params: { path: { alert_id: id } } })),
  /** The same to each of them, by itself, where it still is as it was seen. */
  actOnAlerts: async (alerts: readonly Alert[], act: AlertAct): Promise<ActResult[]> => {
    const seen = alerts.map(({ id, revision }) => ({ id, revision }));
    const done: ActResult[] = [];
    for (let at = 0; at < seen.length; at += ALERTS_AT_ONCE) {
      const some = seen.slice(at, at + ALERTS_AT_ONCE);
      const params = { header: { "Idempotency-Key": unguessed() } };
      const { results } = await the(
        http.POST("/v1/alerts/bulk", { params, body: { alerts: some, ...act } }),
      );
      done.push(...results);
    }
    return done;
  },
};
