import { language, say } from "../words/language.svelte";
import type {
  ActResult,
  Alert,
  AlertAct,
  AlertDetails,
  AlertPage,
  Caller,
  Credentials,
  Fences,
  SignInChoices,
  Vehicle,
} from "./types";

/** A refusal of the service (RFC 9457); `message` is its title, in the language asked for. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    title: string,
    readonly detail: string | null,
  ) {
    super(title);
    this.name = "Problem";
  }
}

/** What to tell a person about a failed request. */
export function reasonOf(error: unknown): string {
  // Anything but a Problem is fetch saying that nobody answered, in the browser's own language.
  return error instanceof Problem ? error.message : say("failure.reach");
}

/** Alerts fetched, or changed, at a time; later ones arrive one by one. */
const ALERTS_AT_ONCE = 200;

/** Of this session, as `/v1/me` says it. */
let csrf: string | null = null;

export const api = {
  signInChoices: () => get<SignInChoices>("/v1/sign-in"),
  signIn: (credentials: Credentials) => post("/v1/session", credentials),
  signOut: () => send("DELETE", "/v1/session"),
  me: async () => {
    const caller = await get<Caller>("/v1/me");
    csrf = caller.csrf;
    return caller;
  },
  vehicles: async () => (await get<{ vehicles: Vehicle[] }>("/v1/vehicles")).vehicles,
  fences: () => get<Fences>("/v1/fences"),
  setDuty: (ref: string, status: string) => put(`/v1/vehicles/${ref}/duty`, { status }),
  alerts: (state: Alert["state"]) =>
    get<AlertPage>(`/v1/alerts?state=${state}&limit=${ALERTS_AT_ONCE}`),
  /** The page that `next` of another one leads to. */
  olderAlerts: (next: string) => get<AlertPage>(next),
  alert: (id: string) => get<AlertDetails>(`/v1/alerts/${id}`),
  /** The same to each of them, by itself, where it still is as it was seen. */
  actOnAlerts: async (alerts: readonly Alert[], act: AlertAct): Promise<ActResult[]> => {
    const seen = alerts.map(({ id, revision }) => ({ id, revision }));
    const done: ActResult[] = [];
    for (let at = 0; at < seen.length; at += ALERTS_AT_ONCE) {
      const some = seen.slice(at, at + ALERTS_AT_ONCE);
      const key = { "Idempotency-Key": unguessed() };
      const response = await send("POST", "/v1/alerts/bulk", { alerts: some, ...act }, key);
      done.push(...((await response.json()) as { results: ActResult[] }).results);
    }
    return done;
  },
};

async function get<T>(path: string): Promise<T> {
  return (await request(path, {})).json() as Promise<T>;
}

/** Unlike `crypto.randomUUID`, also there where the page came over plain HTTP. */
function unguessed(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

const post = (path: string, body?: object) => send("POST", path, body);
const put = (path: string, body: object) => send("PUT", path, body);

function send(method: string, path: string, body: object = {}, more = {}): Promise<Response> {
  const headers: Record<string, string> = { "Content-Type": "application/json", ...more };
  if (csrf !== null) headers["X-CSRF-Token"] = csrf;
  return request(path, { method, headers, body: JSON.stringify(body) });
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set("Accept", "application/json, application/geo+json, application/problem+json");
  headers.set("Accept-Language", language.tag);
  const response = await fetch(path, { ...init, headers, credentials: "same-origin" });
  if (!response.ok) throw await problemOf(response);
  return response;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = `${response.status} ${response.statusText}`.trim();
  if (!response.headers.get("Content-Type")?.includes("json")) {
    return new Problem(response.status, fallback, null);
  }
  const body = (await response.json()) as { title?: string; detail?: string };
  return new Problem(response.status, body.title ?? fallback, body.detail ?? null);
}
