import type { Rule, RuleGiven } from "../api/rules";

export type RuleKind = RuleGiven["on"] extends (infer K)[] | undefined ? K : never;

/** Kinds that stand together in one rule: what happens at a border. */
export const BORDER_KINDS: readonly RuleKind[] = ["enter", "exit", "present", "inside", "dwell", "speed"];
/** Each by itself. */
export const LONE_KINDS: readonly RuleKind[] = ["silent", "duress", "sensor", "proximity"];
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Day = (typeof DAYS)[number] | "working";

export type Comparison = NonNullable<RuleGiven["sensor"]>;
export type Window = { days: Day[]; from: string; to: string };

/** A rule as the form has it: every field is there, whichever its kinds use. */
export interface RuleDraft {
  department: string;
  ref: string;
  en: string;
  zhHant: string;
  on: RuleKind[];
  /** A ref or full ref; empty: every fence, or anywhere. */
  fence: string;
  outside: boolean;
  vehicles: string[];
  near: string[];
  window: Window | null;
  dwellMin: number | null;
  limitKmh: number | null;
  silentMin: number | null;
  input: string;
  op: Comparison["op"];
  value: string;
  forS: number | null;
  radiusM: number | null;
  cooldownMin: number | null;
  escalateMin: number | null;
  severity: "info" | "warning" | "critical";
  shadow: boolean;
}

const MINUTE_S = 60;
const USUAL: Omit<RuleDraft, "department"> = {
  ...{ ref: "", en: "", zhHant: "", on: ["enter"], fence: "", outside: false },
  ...{ vehicles: [], near: [], window: null, dwellMin: 10, limitKmh: 50, silentMin: null },
  ...{ input: "", op: "is", value: "on", forS: null, radiusM: 50, cooldownMin: null },
  ...{ escalateMin: null, severity: "warning", shadow: false },
};

/** What only answers say of a rule. */
const ANSWERED: readonly string[] = [
  ...["revision", "version", "disabled_at", "alerts", "useful", "false", "precision", "explained"],
];

export function newRule(department: string, fence = ""): RuleDraft {
  return { ...structuredClone(USUAL), department, fence };
}

export function draftOf(rule: Rule): RuleDraft {
  const given = ruleGivenOf(rule);
  const sensor = given.sensor as Comparison | null | undefined;
  const minutes = (seconds: number | null | undefined): number | null =>
    typeof seconds === "number" ? seconds / MINUTE_S : null;
  return {
    ...newRule(rule.department, given.fence ?? ""),
    ...{ ref: given.ref, en: given.name_en, zhHant: given.name_zh_hant, severity: rule.severity },
    on: rule.on as RuleKind[],
    outside: rule.outside,
    vehicles: [...rule.vehicles],
    near: [...rule.near],
    window: windowOf(rule.window),
    ...(rule.dwell_s === null ? {} : { dwellMin: rule.dwell_s / MINUTE_S }),
    ...(rule.limit_kmh === null ? {} : { limitKmh: rule.limit_kmh }),
    ...(rule.radius_m === null ? {} : { radiusM: rule.radius_m }),
    silentMin: minutes(rule.silent_s),
    ...(sensor ? { input: sensor.input, op: sensor.op, value: written(sensor.value) } : {}),
    forS: rule.for_s,
    cooldownMin: minutes(rule.cooldown_s),
    escalateMin: minutes(rule.escalate_after_s),
    shadow: rule.shadow,
  };
}

function windowOf(said: Rule["window"]): Window | null {
  if (said === null) return null;
  const { days, from, to } = said as { days?: Day[]; from?: string; to?: string };
  const isWhole = (from ?? "00:00") === "00:00" && (to ?? "00:00") === "00:00";
  return { days: days ?? [...DAYS], from: from ?? "00:00", to: isWhole ? "24:00" : (to ?? "24:00") };
}

function written(value: Comparison["value"]): string {
  return typeof value === "boolean" ? (value ? "on" : "off") : String(value);
}

/** As people write it, with what the service takes for true and false. */
function valueOf(typed: string): Comparison["value"] {
  const said = typed.trim().toLowerCase();
  if (["on", "open", "true", "yes"].includes(said)) return true;
  if (["off", "closed", "false", "no"].includes(said)) return false;
  return said !== "" && Number.isFinite(Number(said)) ? Number(said) : typed.trim();
}

/** What is missing for the kinds that are chosen; null: nothing. */
export function missingOf(draft: RuleDraft): "on" | "ref" | "dwell" | "speed" | "sensor" | "radius" | "days" | null {
  if (draft.on.length === 0) return "on";
  if (draft.on.includes("dwell") && !draft.dwellMin) return "dwell";
  if (draft.on.includes("speed") && !draft.limitKmh) return "speed";
  if (draft.on.includes("sensor") && draft.input.trim() === "") return "sensor";
  if (draft.on.includes("proximity") && !draft.radiusM) return "radius";
  if (draft.window && draft.window.days.length === 0) return "days";
  return draft.ref.trim() === "" ? "ref" : null;
}

/** What is to be stored: only what the chosen kinds use. */
export function givenOf(draft: RuleDraft): RuleGiven {
  const { on } = draft;
  const has = (kind: RuleKind): boolean => on.includes(kind);
  const isLone = LONE_KINDS.some(has);
  const seconds = (minutes: number | null): number | null => (minutes ? minutes * MINUTE_S : null);
  const named = draft.input.trim() !== "";
  const sensor: Comparison = { input: draft.input.trim(), op: draft.op, value: valueOf(draft.value) };
  return {
    ...{ department: draft.department, ref: draft.ref.trim() || "draft", on },
    ...{ name_en: draft.en.trim(), name_zh_hant: draft.zhHant.trim() },
    fence: draft.fence || null,
    outside: isLone && draft.fence !== "" && draft.outside,
    vehicles: draft.vehicles,
    near: has("proximity") ? draft.near : [],
    window: draft.window as RuleGiven["window"],
    dwell_s: has("dwell") ? seconds(draft.dwellMin) : null,
    limit_kmh: has("speed") ? draft.limitKmh : null,
    silent_s: has("silent") ? seconds(draft.silentMin) : null,
    sensor: (has("sensor") || has("duress")) && named ? sensor : null,
    for_s: has("sensor") ? draft.forS : null,
    radius_m: has("proximity") ? draft.radiusM : null,
    cooldown_s: has("duress") ? null : seconds(draft.cooldownMin),
    escalate_after_s: draft.escalateMin ? Math.round(draft.escalateMin * MINUTE_S) : null,
    severity: draft.severity,
    shadow: draft.shadow,
  };
}

/** A rule as it was, to be stored again. */
export function ruleGivenOf(rule: Rule): RuleGiven {
  const { rule: full, name, fence, ...said } = rule;
  const own = fence?.startsWith(`${rule.department}/`) ? fence.split("/")[1]! : fence;
  const kept = said as unknown as Omit<RuleGiven, "ref" | "fence">;
  const names = { name_en: name.en ?? "", name_zh_hant: name["zh-Hant"] ?? "" };
  const given = Object.fromEntries(Object.entries(kept).filter(([key]) => !ANSWERED.includes(key)));
  return { ...(given as typeof kept), ...names, ref: full.split("/")[1]!, fence: own };
}

/** Of a kind more or less: those that cannot stand together go. */
export function toggled(on: readonly RuleKind[], kind: RuleKind): RuleKind[] {
  if (on.includes(kind)) return on.filter((each) => each !== kind);
  if (LONE_KINDS.includes(kind)) return [kind];
  return [...on.filter((each) => !LONE_KINDS.includes(each)), kind];
}
