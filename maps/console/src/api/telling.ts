import { atRef, http, the } from "./http";
import type { Schemas } from "./types";

export type Subscription = Schemas["Subscription"];
export type DeadLetter = Schemas["DeadLetter"];
/** What of a subscription is edited; lists that are empty narrow nothing. */
export type Terms = Required<
  Pick<Schemas["NewSubscription"], "target" | "types" | "severities" | "rules" | "vehicles">
>;
export type Telling = Schemas["Telling"];

/** So long somebody waits for how a test went; what takes longer stands in the row. */
const TEST_TRIES = 10;
const TEST_EVERY_MS = 500;

const at = (full: string) => ({ params: atRef(full) });

/** Who is told of what leaves the house, and what could not be told. */
export const subscriptions = {
  list: async () => (await the(http.GET("/v1/subscriptions"))).subscriptions,
  add: (body: Schemas["NewSubscription"]) => the(http.POST("/v1/subscriptions", { body })),
  edit: ({ subscription, revision, department, kind }: Subscription, terms: Terms) =>
    the(
      http.PUT("/v1/subscriptions/{department}/{ref}", {
        params: { ...atRef(subscription), header: { "If-Match": `"${revision}"` } },
        body: { department, ref: atRef(subscription).path.ref, kind, ...terms },
      }),
    ),
  switchOff: (full: string) => the(http.DELETE("/v1/subscriptions/{department}/{ref}", at(full))),
  switchOn: (full: string) => the(http.POST("/v1/subscriptions/{department}/{ref}/enable", at(full))),
  rotate: async (full: string) =>
    (await the(http.POST("/v1/subscriptions/{department}/{ref}/rotate", at(full)))).secret,
  /** Sends one that happened nowhere, and waits a little for how it went. */
  test: async (full: string): Promise<Telling> => {
    let told = await the(http.POST("/v1/subscriptions/{department}/{ref}/test", at(full)));
    const params = { path: { ...atRef(full).path, number: told.number } };
    for (let n = 0; n < TEST_TRIES && told.state === "waiting" && told.last_error === null; n++) {
      await new Promise((resolve) => setTimeout(resolve, TEST_EVERY_MS));
      told = await the(http.GET("/v1/subscriptions/{department}/{ref}/tellings/{number}", { params }));
    }
    return told;
  },
  /** The oldest first. */
  dead: async (full: string) => {
    const params = { ...atRef(full), query: { limit: 1000 } };
    return (await the(http.GET("/v1/subscriptions/{department}/{ref}/dead", { params }))).dead;
  },
  /** Those numbers, or all of them; how many wait again. */
  replay: async (full: string, numbers: number[] | null) => {
    const asked = { ...at(full), body: { numbers } };
    return (await the(http.POST("/v1/subscriptions/{department}/{ref}/replay", asked))).replayed;
  },
};
