import { expect, test } from "vitest";
import { readFrame, UNKNOWN_U16 } from "./frame";

/** A frame of two vehicles, one gone, as the service packs it. */
function packed({ magic = 0x314c504d, version = 1, kind = 0 } = {}): ArrayBuffer {
  const buffer = new ArrayBuffer(32 + 4 + 2 * (4 + 4 + 4 + 4 + 2 + 2 + 1));
  const view = new DataView(buffer);
  view.setUint32(0, magic, true);
  view.setUint16(4, version, true);
  view.setUint16(6, kind, true);
  view.setUint32(8, 2, true);
  view.setUint32(12, 41, true);
  view.setUint32(16, 1, true);
  view.setFloat64(24, 1_700_000_000.5, true);
  let at = 32;
  for (const word of [9, 7, 8]) view.setUint32((at += 4) - 4, word, true);
  for (const lon of [114_170_000, -1]) view.setInt32((at += 4) - 4, lon, true);
  for (const lat of [22_300_000, 1]) view.setInt32((at += 4) - 4, lat, true);
  for (const time of [1_700_000_000, 1]) view.setUint32((at += 4) - 4, time, true);
  for (const half of [153, UNKNOWN_U16, 900, UNKNOWN_U16]) view.setUint16((at += 2) - 2, half, true);
  view.setUint8(at, 2);
  return buffer;
}

test("columns are read in place", () => {
  const buffer = packed();
  const frame = readFrame(buffer);
  expect(frame).toMatchObject({ snapshot: false, tick: 41, serverTimeS: 1_700_000_000.5 });
  expect([...frame.removed]).toEqual([9]);
  expect([...frame.ids]).toEqual([7, 8]);
  expect([...frame.lonE6]).toEqual([114_170_000, -1]);
  expect([...frame.latE6]).toEqual([22_300_000, 1]);
  expect([...frame.speedDmps]).toEqual([153, UNKNOWN_U16]);
  expect([...frame.directionDdeg]).toEqual([900, UNKNOWN_U16]);
  expect([...frame.motion]).toEqual([2, 0]);
  expect(frame.lonE6.buffer).toBe(buffer);
});

test("a snapshot says so", () => {
  expect(readFrame(packed({ kind: 1 })).snapshot).toBe(true);
});

test.each([{ magic: 1 }, { version: 2 }])("what is no frame of this version is refused: %o", (odd) => {
  expect(() => readFrame(packed(odd))).toThrow("reload the page");
});
