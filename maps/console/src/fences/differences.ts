import type { FenceFeature } from "../api/fences";
import { say } from "../words/language.svelte";
import type { Draft } from "./draft.svelte";
import { shapeOfFeature } from "./draft.svelte";
import { countOf, definitionOf } from "./shape";

/** What of a fence as it is now is not as it is here, in words. */
export function differencesOf(draft: Draft, theirs: FenceFeature): string[] {
  const { name, description, state } = theirs.properties;
  const shape = shapeOfFeature(theirs);
  const said = [
    ...pair(say("fences.en"), name.en ?? "", draft.en),
    ...pair(say("fences.zh"), name["zh-Hant"] ?? "", draft.zhHant),
    ...pair(say("fences.about_en"), description.en ?? "", draft.aboutEn),
    ...pair(say("fences.about_zh"), description["zh-Hant"] ?? "", draft.aboutZhHant),
  ];
  if (JSON.stringify(definitionOf(shape)) !== JSON.stringify(definitionOf(draft.shape))) {
    said.push(say("conflict.shape", { kind: say(`fences.kind.${shape.kind}`), n: countOf(shape) }));
  }
  if (state === "ended") said.push(say("conflict.ended"));
  return said;
}

function pair(what: string, theirs: string, mine: string): string[] {
  return theirs.trim() === mine.trim() ? [] : [say("conflict.pair", { what, theirs, mine })];
}
