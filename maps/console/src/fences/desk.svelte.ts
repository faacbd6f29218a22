import type { FenceFeature, FenceVersion } from "../api/fences";
import type { Rule } from "../api/rules";
import type { Caller } from "../api/types";
import { draftOf, newRule, ruleGivenOf, type RuleDraft } from "../rules/rule-draft";
import { say } from "../words/language.svelte";
import {
  type Acts,
  actsOf,
  disableRule,
  endFence,
  replaceFence,
  replaceRule,
  type Done,
} from "./acts.svelte";
import { Draft, givenOf, shapeOfFeature } from "./draft.svelte";
import type { FenceMap } from "./fence-map";
import { definitionOf, shapeOf, type Kind, type Position, type Shape } from "./shape";
import { Stock } from "./stock.svelte";

export type Tab = "fences" | "rules";
/** What stands beside the map. */
export type Panel =
  | { what: "details" }
  | { what: "fence"; draft: Draft }
  | { what: "rule"; before: Rule | null; first: RuleDraft };

const DETAILS: Panel = { what: "details" };
const CORRIDOR_SIDE_M = 50;

/** What is going on at the screen of fences and rules: what is chosen, changed, drawn and was done. */
export class FenceDesk {
  readonly stock = new Stock();
  readonly acts: Acts;
  tab = $state<Tab>("fences");
  #panel = $state.raw<Panel>(DETAILS);
  #chosenFence = $state<string | null>(null);
  #chosenRule = $state<string | null>(null);
  /** The fence that the rule in the form is about. */
  ruleFence = $state("");
  #drawing = $state(false);
  /** As somebody else made it meanwhile. */
  theirs = $state.raw<FenceFeature | null>(null);
  /** Where what would have been raised happened. */
  raised = $state.raw<readonly Position[]>([]);
  map = $state.raw<FenceMap | null>(null);

  constructor(readonly caller: Caller) {
    this.acts = actsOf(caller);
  }

  get panel(): Panel {
    return this.#panel;
  }

  get draft(): Draft | null {
    return this.#panel.what === "fence" ? this.#panel.draft : null;
  }

  get drawing(): boolean {
    return this.#drawing;
  }

  get mayChange(): boolean {
    return this.caller.permissions.includes("fences:write") && this.caller.departments.length > 0;
  }

  get chosenFence(): string | null {
    return this.#chosenFence;
  }

  get chosenRule(): string | null {
    return this.#chosenRule;
  }

  get fence(): FenceFeature | undefined {
    return this.#chosenFence === null ? undefined : this.stock.fence(this.#chosenFence);
  }

  get rule(): Rule | undefined {
    return this.#chosenRule === null ? undefined : this.stock.rule(this.#chosenRule);
  }

  /** The fence that the map shows as meant. */
  get onMap(): FenceFeature | undefined {
    if (this.tab === "fences") return this.fence;
    return this.stock.fence(this.#panel.what === "rule" ? this.ruleFence : (this.rule?.fence ?? ""));
  }

  turnTo(tab: Tab): void {
    this.leave();
    this.tab = tab;
  }

  showFence(full: string): void {
    this.turnTo("fences");
    this.#chosenFence = full;
    this.#fit(this.fence);
  }

  showRule(full: string): void {
    this.turnTo("rules");
    this.#chosenRule = full;
    this.#fit(this.stock.fence(this.rule?.fence ?? ""));
  }

  startFence(kind: Kind): void {
    this.turnTo("fences");
    this.#panel = { what: "fence", draft: new Draft(null, this.#department, kind) };
  }

  editFence(): void {
    const fence = this.fence;
    if (!fence || fence.properties.shared_from !== null || !this.mayChange) return;
    this.leave();
    const draft = new Draft(fence, fence.properties.department);
    draft.groups = new Set(this.stock.groupsOf(fence.properties.fence).map(({ group }) => group));
    this.#panel = { what: "fence", draft };
    this.#fit(fence);
  }

  startRule(fence?: FenceFeature): void {
    const { department, ref } = fence?.properties ?? { department: this.#department, ref: "" };
    this.#openRule(null, newRule(department, ref));
  }

  editRule(): void {
    if (this.rule && this.mayChange) this.#openRule(this.rule, draftOf(this.rule));
  }

  /** Back to the details, without what was changed. */
  leave(): void {
    this.stopDrawing();
    this.draft?.stop();
    this.theirs = null;
    this.raised = [];
    this.ruleFence = "";
    this.#panel = DETAILS;
  }

  async draw(kind: Kind): Promise<void> {
    const [map, into] = [this.map, this.draft];
    if (!map || !into) return;
    const side = into.shape.kind === "corridor" ? into.shape.eachSideM : null;
    this.#drawing = true;
    await map.draw(kind, side ?? CORRIDOR_SIDE_M, {
      onSketch: (positions) => {
        if (this.#drawing) into.drawing = sketched(kind, positions, side ?? CORRIDOR_SIDE_M);
      },
      onDone: (shape) => {
        this.#drawing = false;
        into.drawing = null;
        into.do(shape);
      },
    });
  }

  stopDrawing(): void {
    this.#drawing = false;
    this.map?.stopDrawing();
    if (this.draft) this.draft.drawing = null;
  }

  undoShape(): void {
    const drawn = this.#drawing ? this.map?.drawing : null;
    if (drawn?.canUndo) drawn.undo();
    else this.draft?.undo();
  }

  redoShape(): void {
    const drawn = this.#drawing ? this.map?.drawing : null;
    if (drawn?.canRedo) drawn.redo();
    else this.draft?.redo();
  }

  /** Shows what something was done to, as it is now. */
  async after(done: Done): Promise<void> {
    await this.stock.look();
    if (this.tab === "rules" && this.stock.rule(done.about)) this.showRule(done.about);
    else if (this.stock.fence(done.about)) this.showFence(done.about);
    else this.leave();
  }

  async undo(): Promise<void> {
    const done = await this.acts.undo();
    if (done) await this.after(done);
    else await this.stock.look();
  }

  endFence(why: string): Promise<void> {
    return this.#doOn(this.fence, (fence) => endFence(fence, why));
  }

  /** The shape of an earlier version is in force again, as a version of its own. */
  restore({ version, geometry, circle, corridor }: FenceVersion): Promise<void> {
    const definition = definitionOf(shapeOf({ geometry, circle, corridor }));
    return this.#doOn(this.fence, (fence) => {
      const given = givenOf(fence, say("fences.why.restore", { n: version }));
      const shape = definition ?? given.definition;
      return replaceFence(fence, fence.properties.revision, { ...given, definition: shape });
    });
  }

  /** One that has ended is in force again. */
  bringBack(): Promise<void> {
    return this.#doOn(this.fence, (fence) => {
      const given = givenOf(fence, say("fences.why.bring_back"));
      return replaceFence(fence, fence.properties.revision, given);
    });
  }

  switchOff(): Promise<void> {
    return this.#doOn(this.rule, disableRule);
  }

  goLive(live: boolean): Promise<void> {
    return this.#doOn(this.rule, (rule) =>
      replaceRule(rule, rule.revision, { ...ruleGivenOf(rule), shadow: !live }),
    );
  }

  get #department(): string {
    return this.caller.departments[0]?.department ?? "";
  }

  #openRule(before: Rule | null, first: RuleDraft): void {
    this.turnTo("rules");
    this.#panel = { what: "rule", before, first };
  }

  #fit(fence: FenceFeature | undefined): void {
    if (fence) this.map?.fit(shapeOfFeature(fence));
  }

  /** What was refused is shown as it is now, and thrown. */
  async #doOn<T>(thing: T | undefined, act: (thing: T) => Promise<Done>): Promise<void> {
    if (thing === undefined) return;
    try {
      await this.after(await this.acts.do(() => act(thing)));
    } catch (error) {
      await this.stock.look();
      throw error;
    }
  }
}

/** What is drawn so far, as the numbers show it. */
function sketched(kind: Kind, positions: Position[], widthM: number): Shape {
  if (kind === "corridor") return { kind, line: positions, eachSideM: widthM };
  if (kind === "polygon") return { kind, parts: [[positions]] };
  return { kind, center: null, radiusM: null };
}
