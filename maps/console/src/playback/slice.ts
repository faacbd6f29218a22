/**
 * A window of the past as `/v1/playback?format=binary` tells it: a 40-byte header, the vehicles, then
 * columns of fixes, each vehicle's together and the oldest first. Read in place, like live frames.
 */
const MAGIC = 0x5250504d; // "MPPR"
const VERSION = 1;
const HEADER_BYTES = 40;

/** Flags of a fix. */
export const ENDS = 1;
export const BLURRED = 2;

export interface Slice {
  /** Unix milliseconds; the end is not included. */
  fromMs: number;
  toMs: number;
  ids: Uint32Array;
  /** Index of each vehicle's first fix, and one more: the number of all. */
  first: Uint32Array;
  /** Milliseconds after `fromMs`; the first fix of a vehicle may lie before, the last one behind. */
  afterMs: Int32Array;
  lonE6: Int32Array;
  latE6: Int32Array;
  /** Milliseconds until it was received. */
  delayMs: Uint32Array;
  /** Tenths of a metre a second, or 65535. */
  speedDmps: Uint16Array;
  /** Tenths of a degree, or 65535. */
  directionDdeg: Uint16Array;
  motion: Uint8Array;
  flags: Uint8Array;
}

/** Throws when the buffer is not a window of this version. */
export function readSlice(buffer: ArrayBuffer): Slice {
  const header = new DataView(buffer, 0, HEADER_BYTES);
  if (header.getUint32(0, true) !== MAGIC || header.getUint16(4, true) !== VERSION) {
    throw new Error(`not a playback of version ${VERSION}; reload the page`);
  }
  const [vehicles, fixes] = [header.getUint32(8, true), header.getUint32(12, true)];
  let offset = HEADER_BYTES;
  const next = (bytes: number): number => (offset += bytes) - bytes;
  const ids = new Uint32Array(buffer, next(4 * vehicles), vehicles);
  const begins = new Uint32Array(buffer, next(4 * vehicles), vehicles);
  const first = new Uint32Array(vehicles + 1);
  first.set(begins);
  first[vehicles] = fixes;
  return {
    fromMs: header.getFloat64(16, true),
    toMs: header.getFloat64(24, true),
    ids,
    first,
    afterMs: new Int32Array(buffer, next(4 * fixes), fixes),
    lonE6: new Int32Array(buffer, next(4 * fixes), fixes),
    latE6: new Int32Array(buffer, next(4 * fixes), fixes),
    delayMs: new Uint32Array(buffer, next(4 * fixes), fixes),
    speedDmps: new Uint16Array(buffer, next(2 * fixes), fixes),
    directionDdeg: new Uint16Array(buffer, next(2 * fixes), fixes),
    motion: new Uint8Array(buffer, next(fixes), fixes),
    flags: new Uint8Array(buffer, next(fixes), fixes),
  };
}
