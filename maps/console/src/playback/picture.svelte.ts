import type { Severity, Vehicle } from "../api/types";
import type { Tracked } from "../fleet/fleet.svelte";
import { expectedIntervalS, freshnessOf } from "../fleet/freshness";
import { positionAt, type Known } from "./instant";
import type { Slice } from "./slice";

/**
 * The vehicles of a playback where they were at its cursor. As on the live screen, records change in
 * place, and the page tracks one number.
 */
export class Picture {
  #revision = $state(0);
  /** Counts changes of which vehicles there are. */
  #edition = $state(0);
  #records: Tracked[] = [];
  #byId = new Map<number, Tracked>();
  #byRef = new Map<string, Tracked>();
  #placed = 0;
  /** Of what instant it is, unix milliseconds; null before there is one. */
  atMs: number | null = null;

  get revision(): number {
    return this.#revision;
  }

  get records(): readonly Tracked[] {
    void this.#edition;
    return this.#records;
  }

  /** How many have a place at the cursor. */
  get placed(): number {
    void this.#revision;
    return this.#placed;
  }

  get(ref: string): Tracked | undefined {
    void this.#revision;
    return this.#byRef.get(ref);
  }

  has(id: number): boolean {
    return this.#byId.has(id);
  }

  /** Their names and numbers. */
  use(vehicles: readonly Vehicle[]): void {
    this.#records = vehicles.map((vehicle) => ({
      vehicle,
      searchText: [vehicle.vehicle, vehicle.name.en, vehicle.name["zh-Hant"], vehicle.plate ?? ""]
        .join("\n")
        .toLowerCase(),
      position: null,
      freshness: "unheard",
      severity: null,
    }));
    this.#byId = new Map(this.#records.map((record) => [record.vehicle.id, record]));
    this.#byRef = new Map(this.#records.map((record) => [record.vehicle.vehicle, record]));
    this.#edition += 1;
    this.#revision += 1;
  }

  show(slice: Slice | null, atMs: number, known: Known, worst: ReadonlyMap<string, Severity>): void {
    for (const record of this.#records) {
      record.position = null;
      record.freshness = "unheard";
      record.severity = worst.get(record.vehicle.vehicle) ?? null;
    }
    this.#placed = 0;
    this.atMs = slice === null ? null : atMs;
    for (let i = 0; slice && i < slice.ids.length; i++) {
      const record = this.#byId.get(slice.ids[i]!);
      const position = record && positionAt(slice, i, atMs, known);
      if (!record || !position) continue;
      record.position = position;
      // As known now it is on its way between two fixes; then, it was as old as the live map said.
      const interval = expectedIntervalS(record.vehicle.interval_s, position.motion === "moving");
      record.freshness =
        known === "now" ? "fresh" : freshnessOf(atMs / 1000 - position.fixedAtS, interval);
      this.#placed += 1;
    }
    this.#revision += 1;
  }
}
