import { fencesApi, type FenceFeature, type FenceGiven } from "../api/fences";
import { Problem } from "../api/http";
import type { RuleGiven } from "../api/rules";
import type { Name } from "../api/types";
import { givenOf as ruleGiven, missingOf, newRule, type RuleDraft } from "../rules/rule-draft";
import { History } from "./history";
import { definitionOf, emptyShape, pathsOf, shapeOf, type At, type Kind, type Shape } from "./shape";

/** Nobody is asked while somebody types or drags. */
const JUDGE_AFTER_MS = 250;
const NO_NAME: Name = { en: "", "zh-Hant": "" };

/** A fence while it is made or changed: its shape with undo, its facts, and what the service says of it. */
export class Draft {
  /** What is changed; null: a new one. */
  readonly #before: FenceFeature | null;
  readonly #history: History<Shape>;
  #shape = $state.raw<Shape>(emptyShape("polygon"));
  #canUndo = $state(false);
  #canRedo = $state(false);
  #area = $state.raw<GeoJSON.Geometry | null>(null);
  #fault = $state.raw<unknown>(null);
  #judging = $state(false);
  #timer = 0;
  #asked = 0;
  /** The position that the table and the map both mean. */
  at = $state.raw<At | null>(null);
  /** While it is drawn on the map for the first time: what is there so far. */
  drawing = $state.raw<Shape | null>(null);

  department = $state("");
  ref = $state("");
  en = $state("");
  zhHant = $state("");
  aboutEn = $state("");
  aboutZhHant = $state("");
  validFrom = $state<string | null>(null);
  validUntil = $state<string | null>(null);
  why = $state("");
  groups = $state.raw<ReadonlySet<string>>(new Set());
  /** Its first rule, made in the one go in which the fence is made; on nothing: none is. */
  rule = $state<RuleDraft>({ ...newRule(""), on: [] });
  /** At which revision it is changed. */
  revision = $state(0);
  /** Something was changed since it was read. */
  #touched = $state(false);

  constructor(before: FenceFeature | null, department: string, kind: Kind = "polygon") {
    this.#before = before;
    this.department = department;
    this.#history = new History(before ? shapeOfFeature(before) : emptyShape(kind));
    if (before) this.#takeFacts(before);
    this.#onShape();
    this.#touched = false;
  }

  get before(): FenceFeature | null {
    return this.#before;
  }

  /** As it is now, also while it is drawn. */
  get shape(): Shape {
    return this.drawing ?? this.#shape;
  }

  get canUndo(): boolean {
    return this.#canUndo;
  }

  get canRedo(): boolean {
    return this.#canRedo;
  }

  /** What would be watched, as the service says; null while it is not known. */
  get area(): GeoJSON.Geometry | null {
    return this.#area;
  }

  /** Why the shape cannot be watched. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Where to look for the fault. */
  get faultPlace(): readonly [number, number] | null {
    return this.#fault instanceof Problem ? this.#fault.place : null;
  }

  get judging(): boolean {
    return this.#judging;
  }

  get touched(): boolean {
    return this.#touched;
  }

  touch(): void {
    this.#touched = true;
  }

  do(shape: Shape): void {
    this.#history.do(shape);
    this.#onShape();
  }

  undo(): void {
    this.#history.undo();
    this.#onShape();
  }

  redo(): void {
    this.#history.redo();
    this.#onShape();
  }

  /** Of another kind, from what is there as far as it goes; undo brings the other back. */
  become(kind: Kind): void {
    if (kind === this.#shape.kind) return;
    this.do(emptyShape(kind));
  }

  /** As somebody else made it meanwhile; what was typed here can be undone back to. */
  take(theirs: FenceFeature): void {
    this.do(shapeOfFeature(theirs));
    this.#takeFacts(theirs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
  }

  /** What is to be stored; null while the shape is none. */
  given(): FenceGiven | null {
    const definition = definitionOf(this.#shape);
    if (definition === null) return null;
    return {
      ...{ definition, department: this.department, ref: this.ref },
      name: { en: this.en.trim(), "zh-Hant": this.zhHant.trim() },
      description: { en: this.aboutEn.trim(), "zh-Hant": this.aboutZhHant.trim() },
      ...{ valid_from: this.validFrom, valid_until: this.validUntil },
      why: this.why.trim() || null,
    };
  }

  /** What its first rule lacks yet; null: nothing, or there is none. */
  get ruleMissing(): ReturnType<typeof missingOf> {
    return this.rule.on.length === 0 ? null : missingOf({ ...this.rule, ref: this.ref || "any" });
  }

  /** Its first rule as it is to be stored; null: none. */
  firstRule(): RuleGiven | null {
    if (this.rule.on.length === 0) return null;
    const { department, ref, en, zhHant } = this;
    const rule = $state.snapshot(this.rule) as RuleDraft;
    return ruleGiven({ ...rule, department, ref, en, zhHant, fence: ref });
  }

  #takeFacts({ properties }: FenceFeature): void {
    const { name, description } = properties;
    this.department = properties.department;
    this.ref = properties.ref;
    [this.en, this.zhHant] = [name.en ?? "", name["zh-Hant"] ?? ""];
    const about = description ?? NO_NAME;
    [this.aboutEn, this.aboutZhHant] = [about.en ?? "", about["zh-Hant"] ?? ""];
    // A beginning that has passed is now, and an end that has passed is none.
    this.validFrom = properties.state === "planned" ? properties.valid_from : null;
    this.validUntil = properties.state === "ended" ? null : properties.valid_until;
    this.revision = properties.revision;
  }

  #onShape(): void {
    this.#shape = this.#history.now;
    this.#canUndo = this.#history.canUndo;
    this.#canRedo = this.#history.canRedo;
    this.#touched = true;
    if (this.at && !pathsOf(this.#shape)[this.at.path]?.positions[this.at.point]) this.at = null;
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#fault = null;
    const definition = definitionOf(this.#shape);
    if (this.#shape.kind !== "polygon" || definition === null) this.#area = null;
    this.#judging = definition !== null;
    if (definition !== null) this.#timer = window.setTimeout(() => void this.#judge(), JUDGE_AFTER_MS);
  }

  async #judge(): Promise<void> {
    const definition = definitionOf(this.#shape);
    if (definition === null) return;
    const asked = this.#asked;
    const [area, fault] = await fencesApi.judge(definition).then(
      (found) => [found, null] as const,
      (error: unknown) => [null, error] as const,
    );
    if (asked !== this.#asked) return;
    [this.#area, this.#fault, this.#judging] = [area, fault, false];
  }
}

export function shapeOfFeature({ geometry, properties }: FenceFeature): Shape {
  const { circle, corridor } = properties;
  return shapeOf({ geometry, circle, corridor });
}

/** A fence as it was, to be stored again. */
export function givenOf(feature: FenceFeature, why: string): FenceGiven {
  const { properties } = feature;
  return {
    definition: definitionOf(shapeOfFeature(feature))!,
    ...{ department: properties.department, ref: properties.ref, name: properties.name },
    description: properties.description,
    valid_from: properties.state === "planned" ? properties.valid_from : null,
    valid_until: properties.state === "ended" ? null : properties.valid_until,
    why,
  };
}

/** A ref of a name: what its letters and digits say, in capitals; empty of a name without any. */
export function refOf(name: string): string {
  const words = name.normalize("NFKD").match(/[A-Za-z0-9]+/g) ?? [];
  return words.join("-").toUpperCase().slice(0, 64).replace(/-+$/, "");
}
