import { expect, test } from "vitest";
import { Asked } from "./asked";

/** A question that is answered when one says so. */
function question() {
  let answer: (text: string) => void = () => undefined;
  return { asked: new Promise<string>((done) => (answer = done)), answer: (text: string) => answer(text) };
}

test("what is told while an answer is on its way comes with it, in order; before and after it does not", async () => {
  const asked = new Asked<number>();
  const { asked: waiting, answer } = question();
  asked.tell([1]);
  const done = asked.meanwhile(waiting);
  asked.tell([2, 3]);
  asked.tell([4]);
  answer("a page");
  expect(await done).toEqual(["a page", [2, 3, 4]]);
  asked.tell([5]);
  const other = asked.meanwhile(Promise.resolve("another"));
  expect(await other).toEqual(["another", []]);
});

test("an answer to an older question than one that is answered is not used", async () => {
  const asked = new Asked<never>();
  const [older, newer] = [question(), question()];
  const used: string[] = [];
  const use = (answer: string) => void used.push(answer);
  const done = [asked.answer(older.asked, use), asked.answer(newer.asked, use)];
  newer.answer("newer");
  await done[1];
  older.answer("older");
  await Promise.all(done);
  expect(used).toEqual(["newer"]);
});

test("a question that fails holds nothing back", async () => {
  const asked = new Asked<number>();
  const failing = asked.answer(Promise.reject(new Error("away")), () => undefined);
  await expect(failing).rejects.toThrow("away");
  const used: string[] = [];
  await asked.answer(Promise.resolve("there"), (answer) => void used.push(answer));
  expect(used).toEqual(["there"]);
});
