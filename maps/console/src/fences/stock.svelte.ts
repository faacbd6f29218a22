import { fencesApi, type FenceFeature, type Group } from "../api/fences";
import { rulesApi, type Rule } from "../api/rules";

/** The caller's fences, groups and rules, as they were read last; another look keeps them meanwhile. */
export class Stock {
  #fences = $state.raw<readonly FenceFeature[]>([]);
  #groups = $state.raw<readonly Group[]>([]);
  #vehicleGroups = $state.raw<readonly Group[]>([]);
  #rules = $state.raw<readonly Rule[]>([]);
  #loaded = $state(false);
  #failure = $state.raw<unknown>(null);

  get fences(): readonly FenceFeature[] {
    return this.#fences;
  }

  get groups(): readonly Group[] {
    return this.#groups;
  }

  get vehicleGroups(): readonly Group[] {
    return this.#vehicleGroups;
  }

  get rules(): readonly Rule[] {
    return this.#rules;
  }

  get loaded(): boolean {
    return this.#loaded;
  }

  /** Why the last look failed; null once one succeeds. */
  get failure(): unknown {
    return this.#failure;
  }

  fence(full: string): FenceFeature | undefined {
    return this.#fences.find(({ properties }) => properties.fence === full);
  }

  rule(full: string): Rule | undefined {
    return this.#rules.find(({ rule }) => rule === full);
  }

  /** The groups that a fence is in. */
  groupsOf(fence: string): Group[] {
    return this.#groups.filter(({ members }) => members.some(({ member }) => member === fence));
  }

  /** The rules that watch a fence: of it, of a group of it, or of every fence of its department. */
  rulesOn(fence: FenceFeature): Rule[] {
    const { fence: full, department } = fence.properties;
    const named = new Set([full, ...this.groupsOf(full).map(({ group }) => group)]);
    return this.#rules.filter((rule) =>
      rule.fence === null
        ? rule.department === department && rule.on.some((kind) => BORDERS.has(kind))
        : named.has(rule.fence),
    );
  }

  async look(): Promise<void> {
    try {
      [this.#fences, this.#groups, this.#vehicleGroups, this.#rules] = await Promise.all([
        fencesApi.all(),
        fencesApi.groups(),
        fencesApi.vehicleGroups(),
        rulesApi.all(),
      ]);
      this.#loaded = true;
      this.#failure = null;
    } catch (error) {
      this.#failure = error;
    }
  }
}

/** Kinds of rules that are about fences, whichever they are. */
const BORDERS = new Set(["enter", "exit", "present", "inside", "dwell", "speed"]);
