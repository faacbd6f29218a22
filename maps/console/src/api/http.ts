import createClient, { type Middleware } from "openapi-fetch";
import { language, say } from "../words/language.svelte";
import type { paths } from "../../generated/schema";

export interface FieldError {
  at: readonly string[];
  detail: string;
}

/** A refusal of the service (RFC 9457); `message` is its title, in the language asked for. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    title: string,
    readonly detail: string | null,
    /** What support asks for; null where it was not the service that answered. */
    readonly reference: string | null = null,
    /** Of what was sent, where it is wrong (`body.name.en`), and what is wrong there. */
    readonly errors: readonly FieldError[] = [],
    /** Of a shape that cannot be watched: where to look, [longitude, latitude]. */
    readonly place: readonly [number, number] | null = null,
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

/** Of this session, as `/v1/me` says it. */
let csrf: string | null = null;

export function useCsrf(token: string | null): void {
  csrf = token;
}

const ours: Middleware = {
  onRequest({ request }) {
    request.headers.set(
      "Accept",
      "application/json, application/geo+json, application/problem+json",
    );
    request.headers.set("Accept-Language", language.tag);
    if (csrf !== null && request.method !== "GET") request.headers.set("X-CSRF-Token", csrf);
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response);
  },
};

/** Every route of the service, typed as its OpenAPI document has it. Refusals are thrown Problems. */
export const http = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin" });
http.use(ours);

/** The answer's body: a refusal was thrown before there was one. */
export async function the<T>(asked: Promise<{ data?: T }>): Promise<T> {
  return (await asked).data as T;
}

/** Full ref `FSD/AMB-012` as a route's path has it. */
export function atRef(full: string): { path: { department: string; ref: string } } {
  const [department = "", ref = ""] = full.split("/");
  return { path: { department, ref } };
}

/** Unlike `crypto.randomUUID`, also there where the page came over plain HTTP. */
export function unguessed(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("-");
}

/** Of RFC 9457's members and ours, those that the console shows. */
interface Body {
  title?: string;
  detail?: string;
  trace_id?: string;
  errors?: FieldError[];
  place?: readonly [number, number] | null;
}

async function problemOf(response: Response): Promise<Problem> {
  const fallback = say("failure.status", { n: response.status });
  if (!response.headers.get("Content-Type")?.includes("json")) {
    return new Problem(response.status, fallback, null);
  }
  const { title, detail, trace_id, errors, place } = (await response.json()) as Body;
  const [status, reference] = [response.status, trace_id ?? null];
  return new Problem(status, title ?? fallback, detail ?? null, reference, errors, place ?? null);
}
