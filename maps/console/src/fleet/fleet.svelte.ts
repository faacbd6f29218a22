import type { Severity, Vehicle } from "../api/types";
import { UNKNOWN_U16, type Frame } from "../live/frame";
import { glideTo, type Glide } from "./glide";
import { expectedIntervalS, freshnessOf, type Freshness } from "./freshness";

export type Motion = "unknown" | "moving" | "idling" | "stopped";

export interface Position {
  lon: number;
  lat: number;
  /** Receiver's time, unix seconds. */
  fixedAtS: number;
  speedMps: number | null;
  /** Degrees clockwise from true north. */
  directionDeg: number | null;
  motion: Motion;
  /** How its symbol comes there; null: it is there. */
  glide: Glide | null;
}

/** One vehicle as the page shows it; `freshness` and `severity` are judged anew at each tick. */
export interface Tracked {
  readonly vehicle: Vehicle;
  /** What the search box looks through, in lower case. */
  readonly searchText: string;
  position: Position | null;
  freshness: Freshness;
  /** The worst open alert. */
  severity: Severity | null;
}

/**
 * The vehicles the caller may see, with their last known positions. Ten thousand records change in
 * place twice a second, so only one number, `revision`, is tracked by the page's rendering.
 */
export class Fleet {
  #revision = $state(0);
  /** Counts changes of which vehicles there are, not of where they are. */
  #edition = $state(0);
  #records: Tracked[] = [];
  #byRef = new Map<string, Tracked>();
  #byId = new Map<number, Tracked>();
  #positions = new Map<number, Position>();
  #motions: readonly string[] = [];

  get revision(): number {
    return this.#revision;
  }

  /** Tracked by `edition`: reading them again at each tick would sort ten thousand names. */
  get records(): readonly Tracked[] {
    void this.#edition;
    return this.#records;
  }

  get(ref: string): Tracked | undefined {
    void this.#revision;
    return this.#byRef.get(ref);
  }

  replaceVehicles(vehicles: readonly Vehicle[]): void {
    this.#records = vehicles.map((vehicle) => ({
      vehicle,
      searchText: searchTextOf(vehicle),
      position: this.#positions.get(vehicle.id) ?? null,
      freshness: "unheard",
      severity: null,
    }));
    this.#byRef = new Map(this.#records.map((record) => [record.vehicle.vehicle, record]));
    this.#byId = new Map(this.#records.map((record) => [record.vehicle.id, record]));
    this.#edition += 1;
  }

  setDuty(ref: string, status: string): void {
    const record = this.#byRef.get(ref);
    if (record) record.vehicle.duty_status = status;
    this.#revision += 1;
  }

  useMotions(motions: readonly string[]): void {
    this.#motions = motions;
  }

  applyFrame(frame: Frame): void {
    if (frame.snapshot) for (const id of this.#positions.keys()) this.#place(id, null);
    for (const id of frame.removed) this.#place(id, null);
    const nowMs = performance.now();
    for (let i = 0; i < frame.ids.length; i++) {
      const id = frame.ids[i]!;
      const position = positionAt(frame, i, this.#motions);
      position.glide = glideTo(this.#positions.get(id) ?? null, position, nowMs);
      this.#place(id, position);
    }
  }

  /** Judges every vehicle's freshness and alerts as of `nowS`, and lets the page redraw. */
  judge(nowS: number, worst: ReadonlyMap<string, Severity>): void {
    for (const record of this.#records) {
      record.severity = worst.get(record.vehicle.vehicle) ?? null;
      record.freshness = judgeFreshness(record, nowS);
    }
    this.#revision += 1;
  }

  #place(id: number, position: Position | null): void {
    if (position) this.#positions.set(id, position);
    else this.#positions.delete(id);
    const record = this.#byId.get(id);
    if (record) record.position = position;
  }
}

function judgeFreshness({ vehicle, position }: Tracked, nowS: number): Freshness {
  if (!position) return "unheard";
  const interval = expectedIntervalS(vehicle.interval_s, position.motion === "moving");
  return freshnessOf(nowS - position.fixedAtS, interval);
}

function positionAt(frame: Frame, i: number, motions: readonly string[]): Position {
  const speed = frame.speedDmps[i]!;
  const direction = frame.directionDdeg[i]!;
  return {
    lon: frame.lonE6[i]! / 1e6,
    lat: frame.latE6[i]! / 1e6,
    fixedAtS: frame.fixedAtS[i]!,
    speedMps: speed === UNKNOWN_U16 ? null : speed / 10,
    directionDeg: direction === UNKNOWN_U16 ? null : direction / 10,
    motion: motionNamed(motions[frame.motion[i]!]),
    glide: null,
  };
}

function motionNamed(name: string | undefined): Motion {
  return name === "moving" || name === "idling" || name === "stopped" ? name : "unknown";
}

function searchTextOf(vehicle: Vehicle): string {
  const { name, plate } = vehicle;
  const words = [vehicle.vehicle, name.en, name["zh-Hant"], plate ?? "", vehicle.class];
  return [...words, (plate ?? "").replaceAll(" ", "")].join("\n").toLowerCase();
}
