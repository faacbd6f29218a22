/**
 * The binary frames of `/v1/live`: a 32-byte header, the ids that went away, then columns, widest
 * first, little endian. The columns are read in place: nothing is copied and nothing is parsed.
 */
const MAGIC = 0x314c504d; // "MPL1"
const VERSION = 1;
const HEADER_BYTES = 32;
const SNAPSHOT = 1;

/** Speed or direction the receiver did not say. */
export const UNKNOWN_U16 = 65535;

export interface Frame {
  snapshot: boolean;
  /** One more than the frame before it; anything else means that frames are missing. */
  tick: number;
  /** The service's clock when the frame was made, unix seconds. */
  serverTimeS: number;
  removed: Uint32Array;
  ids: Uint32Array;
  lonE6: Int32Array;
  latE6: Int32Array;
  /** Receiver's time of the fix, unix seconds. */
  fixedAtS: Uint32Array;
  /** Tenths of a metre a second, or `UNKNOWN_U16`. */
  speedDmps: Uint16Array;
  /** Tenths of a degree clockwise from true north, or `UNKNOWN_U16`. */
  directionDdeg: Uint16Array;
  /** Index into the `motions` of the hello message. */
  motion: Uint8Array;
}

/** Throws when the buffer is not a frame of this version. */
export function readFrame(buffer: ArrayBuffer): Frame {
  const header = new DataView(buffer, 0, HEADER_BYTES);
  const version = header.getUint16(4, true);
  if (header.getUint32(0, true) !== MAGIC || version !== VERSION) {
    throw new Error(`not a live frame of version ${VERSION}; reload the page`);
  }
  const count = header.getUint32(8, true);
  let offset = HEADER_BYTES;
  const column = <T>(
    make: (buffer: ArrayBuffer, offset: number, length: number) => T,
    bytes: number,
    length = count,
  ) => {
    const view = make(buffer, offset, length);
    offset += bytes * length;
    return view;
  };
  const u32 = (b: ArrayBuffer, o: number, n: number) => new Uint32Array(b, o, n);
  const i32 = (b: ArrayBuffer, o: number, n: number) => new Int32Array(b, o, n);
  const u16 = (b: ArrayBuffer, o: number, n: number) => new Uint16Array(b, o, n);
  const u8 = (b: ArrayBuffer, o: number, n: number) => new Uint8Array(b, o, n);
  return {
    snapshot: header.getUint16(6, true) === SNAPSHOT,
    tick: header.getUint32(12, true),
    serverTimeS: header.getFloat64(24, true),
    removed: column(u32, 4, header.getUint32(16, true)),
    ids: column(u32, 4),
    lonE6: column(i32, 4),
    latE6: column(i32, 4),
    fixedAtS: column(u32, 4),
    speedDmps: column(u16, 2),
    directionDdeg: column(u16, 2),
    motion: column(u8, 1),
  };
}
