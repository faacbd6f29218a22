import { atRef, http, the, unguessed } from "./http";
import type { Name, Schemas } from "./types";

export type Rule = Schemas["Rule"];
/** A rule as it is to be. */
export type RuleGiven = Schemas["RuleGiven"];
export type RuleFigures = Schemas["RuleFigures"];
export type Question = Schemas["Asked"];
export type Subscription = Schemas["Subscription"];
export type NewSubscription = Schemas["NewSubscription"];

const once = () => ({ "Idempotency-Key": unguessed() });
const at = (revision: number) => ({ "If-Match": `"${revision}"` });

/** What rules, their trials and who is told of them ask of the service. */
export const rulesApi = {
  all: async () => (await the(http.GET("/v1/rules"))).rules,
  versions: async (rule: string) =>
    (await the(http.GET("/v1/rules/{department}/{ref}/versions", { params: atRef(rule) }))).versions,
  one: (rule: string) => the(http.GET("/v1/rules/{department}/{ref}", { params: atRef(rule) })),
  make: (given: RuleGiven) =>
    the(http.POST("/v1/rules", { params: { header: once() }, body: given })),
  replace: (rule: string, revision: number, given: RuleGiven) =>
    the(
      http.PUT("/v1/rules/{department}/{ref}", {
        params: { ...atRef(rule), header: at(revision) },
        body: given,
      }),
    ),
  disable: (rule: string, revision: number) =>
    the(
      http.DELETE("/v1/rules/{department}/{ref}", {
        params: { ...atRef(rule), header: at(revision) },
      }),
    ),
  figures: (rule: string) =>
    the(http.GET("/v1/rules/{department}/{ref}/figures", { params: atRef(rule) })),
  /** What it would do, in words; a Problem for what cannot be saved either. */
  explain: (given: Schemas["RuleDraft"]): Promise<Name> => the(http.POST("/v1/drafts/rule", { body: given })),
  subscriptions: async () => (await the(http.GET("/v1/subscriptions"))).subscriptions,
  subscribe: (body: NewSubscription) => the(http.POST("/v1/subscriptions", { body })),
  unsubscribe: (subscription: string) =>
    the(http.DELETE("/v1/subscriptions/{department}/{ref}", { params: atRef(subscription) })),
  /** What for stands in the audit. */
  backtest: (question: Question, purpose: string) =>
    the(
      http.POST("/v1/backtests", {
        params: { header: { "Milepost-Purpose": encodeURIComponent(purpose) } },
        body: question,
      }),
    ),
  backtestNow: (id: string) => the(http.GET("/v1/backtests/{id}", { params: { path: { id } } })),
  cancelBacktest: (id: string) =>
    the(http.POST("/v1/backtests/{id}/cancel", { params: { path: { id } } })),
};

/** As an answer is read; the client takes pairs for lists. */
export type Backtest = Awaited<ReturnType<typeof rulesApi.backtestNow>>;
