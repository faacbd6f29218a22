import { afterEach, expect, test, vi } from "vitest";
import { playback } from "../api/playback";
import type { Slice } from "./slice";
import { Slices } from "./slices.svelte";

const MINUTE_MS = 60_000;
const HOUR = { fromMs: 0, toMs: 60 * MINUTE_MS };

afterEach(() => vi.restoreAllMocks());

/** Slices of all vehicles, the minutes at which they were asked for, and who answers the oldest question. */
function asked() {
  const minutes: number[] = [];
  const waiting: (() => void)[] = [];
  vi.spyOn(playback, "slice").mockImplementation(({ fromMs, toMs }) => {
    minutes.push(fromMs / MINUTE_MS);
    return new Promise((done) => waiting.push(() => done({ fromMs, toMs } as Slice)));
  });
  return { slices: new Slices(HOUR, [], "a test"), minutes, answer: () => waiting.shift()?.() };
}

test("what comes after an instant is asked for one by one", async () => {
  const { slices, minutes, answer } = asked();
  const done = slices.want(5 * MINUTE_MS, 2);
  for (const soFar of [[4], [4, 6], [4, 6, 8]]) {
    await vi.waitFor(() => expect(minutes).toEqual(soFar));
    answer();
  }
  await done;
  expect(slices.at(5 * MINUTE_MS)?.toMs).toBe(6 * MINUTE_MS);
});

test("after a seek nothing more is asked for where the cursor was", async () => {
  const { slices, minutes, answer } = asked();
  const before = slices.want(0, 3);
  const after = slices.want(30 * MINUTE_MS, 1);
  expect(minutes).toEqual([0, 30]);
  answer();
  await before;
  answer();
  await vi.waitFor(() => expect(minutes).toEqual([0, 30, 32]));
  answer();
  await after;
  expect(slices.all.map(({ fromMs }) => fromMs / MINUTE_MS)).toEqual([0, 30, 32]);
});
