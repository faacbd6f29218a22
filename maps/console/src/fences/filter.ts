import type { FenceFeature } from "../api/fences";
import type { Kind } from "./shape";

export const STATES = ["in_force", "planned", "ended"] as const;

/** Which fences are wanted; an empty choice is all. */
export interface Filter {
  search: string;
  state: (typeof STATES)[number] | "";
  kind: Kind | "";
  department: string;
  /** Only those of other departments. */
  sharedOnly: boolean;
}

export const NO_FILTER: Filter = {
  ...{ search: "", state: "in_force", kind: "", department: "", sharedOnly: false },
};

/** Every word must be found in the ref, a name or a description. */
export function narrowed(fences: readonly FenceFeature[], filter: Filter): FenceFeature[] {
  const words = filter.search.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return fences.filter(({ properties: one }) => {
    const isWanted =
      (filter.state === "" || one.state === filter.state) &&
      (filter.kind === "" || one.kind === filter.kind) &&
      (filter.department === "" || one.department === filter.department) &&
      (!filter.sharedOnly || one.shared_from !== null);
    if (!isWanted || words.length === 0) return isWanted;
    const texts = [one.fence, one.name.en, one.name["zh-Hant"], one.description.en, one.shared_from];
    const said = [...texts, one.description["zh-Hant"]].join(" ").toLocaleLowerCase();
    return words.every((word) => said.includes(word));
  });
}
