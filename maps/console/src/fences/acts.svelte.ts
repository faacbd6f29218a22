import { fencesApi, type FenceFeature, type FenceGiven } from "../api/fences";
import { rulesApi, type Rule, type RuleGiven } from "../api/rules";
import type { Caller } from "../api/types";
import { ruleGivenOf } from "../rules/rule-draft";
import { nameRun, say } from "../words/language.svelte";
import { givenOf } from "./draft.svelte";

/** Something that was done, in words, and how it is taken back. */
export interface Done {
  said: () => string;
  undo: (() => Promise<Done>) | null;
  /** What of it did not work, though the rest is saved. */
  failure?: unknown;
  /** The fence or rule that it was done to. */
  about: string;
}

/** What was done on the screen, the newest last. Undoing is a doing too, and can be undone. */
export class Acts {
  #last = $state.raw<Done | null>(null);
  readonly #stack: Done[] = [];
  #busy = $state(false);
  #failure = $state.raw<unknown>(null);

  get last(): Done | null {
    return this.#last;
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** Why the last one was refused. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Throws what the service throws: who asked knows what to do about it. */
  async do(act: () => Promise<Done>): Promise<Done> {
    this.#busy = true;
    this.#failure = null;
    try {
      const done = await act();
      this.#last = done;
      this.#stack.push(done);
      return done;
    } finally {
      this.#busy = false;
    }
  }

  /** Takes back what was done last; null where there is nothing, or it was refused. */
  async undo(): Promise<Done | null> {
    const last = this.#stack.at(-1);
    if (!last?.undo || this.#busy) return null;
    this.#stack.pop();
    try {
      return await this.do(last.undo);
    } catch (error) {
      this.#stack.push(last);
      this.#failure = error;
      return null;
    }
  }

  dismiss(): void {
    this.#last = null;
    this.#failure = null;
  }
}

/** While somebody is signed in: who looks at another screen meanwhile can still take back. */
const KEPT = new WeakMap<Caller, Acts>();

export function actsOf(caller: Caller): Acts {
  const acts = KEPT.get(caller) ?? new Acts();
  KEPT.set(caller, acts);
  return acts;
}

function called({ properties }: FenceFeature): string {
  return nameRun(properties.name).text || properties.fence;
}

/** Puts the fence into these of its department's groups, and out of the others. */
async function regroup(fence: FenceFeature, before: ReadonlySet<string>, now: ReadonlySet<string>): Promise<void> {
  const { ref } = fence.properties;
  for (const group of now) if (!before.has(group)) await fencesApi.join(group, ref);
  for (const group of before) if (!now.has(group)) await fencesApi.leave(group, ref);
}

/** Makes a fence, then what goes with it; where that fails the fence stands, and the failure is told. */
export async function makeFence(
  given: FenceGiven,
  groups: ReadonlySet<string>,
  first: RuleGiven | null,
): Promise<Done> {
  const fence = await fencesApi.make(given);
  let rule: Rule | null = null;
  let failure: unknown;
  try {
    await regroup(fence, new Set(), groups);
    if (first) rule = await rulesApi.make(first);
  } catch (error) {
    failure = error;
  }
  const isWatched = rule !== null;
  const name = called(fence);
  const done: Done = {
    said: () => say(isWatched ? "fences.said.made_watched" : "fences.said.made", { name }),
    undo: () => endFence(fence, say("fences.why.undo")),
    failure,
    about: fence.properties.fence,
  };
  return rule ? together(done, rule, true) : done;
}

/** What was done to a fence, with its rule: taken back, the rule goes off, or on again, before it. */
function together(done: Done, rule: Rule, isOn: boolean): Done {
  const { undo } = done;
  if (undo === null) return done;
  return {
    ...done,
    undo: async () => {
      const { rule: full, revision } = rule;
      const after = isOn
        ? await rulesApi.disable(full, revision)
        : await rulesApi.replace(full, revision, ruleGivenOf(rule));
      return together(await undo(), after, !isOn);
    },
  };
}

export async function replaceFence(
  before: FenceFeature,
  revision: number,
  given: FenceGiven,
  groups?: { before: ReadonlySet<string>; now: ReadonlySet<string> },
): Promise<Done> {
  const fence = await fencesApi.replace(before.properties.fence, revision, given);
  let failure: unknown;
  if (groups) {
    await regroup(fence, groups.before, groups.now).catch((error: unknown) => (failure = error));
  }
  return {
    said: () =>
      say("fences.said.replaced", { name: called(fence), version: fence.properties.version }),
    undo: () => {
      if (before.properties.state === "ended") return endFence(fence, say("fences.why.undo"));
      const back = groups && { before: groups.now, now: groups.before };
      const why = givenOf(before, say("fences.why.undo"));
      return replaceFence(fence, fence.properties.revision, why, back);
    },
    failure,
    about: fence.properties.fence,
  };
}

export async function endFence(before: FenceFeature, why: string): Promise<Done> {
  const { fence: full, revision } = before.properties;
  const ended = await fencesApi.end(full, revision, why);
  return {
    said: () => say("fences.said.ended", { name: called(ended) }),
    undo: () =>
      replaceFence(ended, ended.properties.revision, givenOf(before, say("fences.why.undo"))),
    about: full,
  };
}

function ruleCalled(rule: Rule): string {
  return nameRun(rule.name).text || rule.rule;
}

export async function makeRule(given: RuleGiven): Promise<Done> {
  const rule = await rulesApi.make(given);
  return {
    said: () => say("rules.said.made", { name: ruleCalled(rule) }),
    undo: () => disableRule(rule),
    about: rule.rule,
  };
}

export async function replaceRule(before: Rule, revision: number, given: RuleGiven): Promise<Done> {
  const rule = await rulesApi.replace(before.rule, revision, given);
  const wasOff = before.disabled_at !== null;
  return {
    said: () => say("rules.said.replaced", { name: ruleCalled(rule) }),
    undo: () => (wasOff ? disableRule(rule) : replaceRule(rule, rule.revision, ruleGivenOf(before))),
    about: rule.rule,
  };
}

export async function disableRule(before: Rule): Promise<Done> {
  const rule = await rulesApi.disable(before.rule, before.revision);
  return {
    said: () => say("rules.said.off", { name: ruleCalled(rule) }),
    undo: () => replaceRule(rule, rule.revision, ruleGivenOf(before)),
    about: rule.rule,
  };
}
