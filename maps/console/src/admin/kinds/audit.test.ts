import { expect, test } from "vitest";
import { language } from "../../words/language.svelte";
import { what } from "./audit";

test("what was done is said in words, and as it is where there are none", () => {
  language.use("en");
  expect(["track.read", "vehicle.update", "ogc.tracks.tiles"].map(what)).toEqual([
    "Track: read",
    "Vehicle: changed",
    "Tracks, as a layer: seen as map tiles",
  ]);
  language.use("zh-Hant");
  expect(what("sign_in.refused")).toBe("登入：被拒絕");
  expect(["novel.thing", "alone", ""].map(what)).toEqual(["novel.thing", "alone", ""]);
});
