import { api, Problem } from "../api/client";
import { liveApi } from "../api/live";
import type { Alert, Application, Caller, Fences } from "../api/types";
import { Alerts } from "../fleet/alerts.svelte";
import { Asked } from "../fleet/asked";
import { clock } from "../fleet/clock.svelte";
import { Fleet } from "../fleet/fleet.svelte";
import { build } from "../look/build.svelte";
import { basemaps } from "../map/basemaps.svelte";
import { Connection, type DutyNow, type Hello, type Listener } from "./connection";
import type { Frame } from "./frame";

/** Lost longer than this is no hiccup any more. */
const OFFLINE_AFTER_S = 30;

/** What is fetched: a success of one says nothing of the others. */
type Fetched = "all" | "vehicles" | "fences" | "grants" | "alerts" | "console" | "me";

/** `off`: the caller may not see where vehicles are, and nothing is connected. */
export type LiveState = "off" | "connecting" | "live" | "reconnecting" | "offline";

/**
 * The live picture of one signed-in caller: fetches what stands still, keeps the connection that
 * brings what moves, and never clears what it knows when that connection is lost.
 */
export class Live {
  readonly fleet = new Fleet();
  readonly alerts = new Alerts();
  #fences = $state.raw<Fences | null>(null);
  #applications = $state.raw<readonly Application[]>([]);
  #loaded = $state(false);
  #failures = $state.raw<ReadonlyMap<Fetched, unknown>>(new Map());
  #connected = $state(false);
  #lostAtS = $state<number | null>(null);
  #asAtS = $state<number | null>(null);
  #greeted = false;
  readonly #vehiclesAsked = new Asked<DutyNow>();
  readonly #areasAsked = new Asked<never>();
  #tick = 0;
  readonly #connection: Connection | null;
  readonly #everySecond: number;

  /** `signedOut` is called when the service no longer knows the caller. */
  constructor(
    private readonly caller: Caller,
    private readonly signedOut: () => void,
  ) {
    const sees = caller.permissions.includes("positions:read");
    this.#connection = sees ? new Connection(this.#listener()) : null;
    this.#everySecond = window.setInterval(() => this.#onSecond(), 1000);
    void this.#fetchAll();
  }

  stop(): void {
    clearInterval(this.#everySecond);
    this.#connection?.stop();
  }

  get state(): LiveState {
    if (this.#connection === null) return "off";
    if (this.#connected) return "live";
    if (this.#lostAtS === null) return "connecting";
    return clock.nowS - this.#lostAtS > OFFLINE_AFTER_S ? "offline" : "reconnecting";
  }

  get fences(): Fences | null {
    return this.#fences;
  }

  /** Those that the vehicles belong to. */
  get applications(): readonly Application[] {
    return this.#applications;
  }

  /** Vehicles, fences and alerts have arrived at least once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Why a fetch failed that has not succeeded since; null where there is none. */
  get failure(): unknown {
    return this.#failures.values().next().value ?? null;
  }

  /** The service's time of the newest word from it, unix seconds. */
  get asAtS(): number | null {
    return this.#asAtS;
  }

  /** Number of the last frame shown. */
  get tick(): number {
    return this.#tick;
  }

  /** Fetches the alerts of a state unless they are known. */
  async lookAt(state: Alert["state"]): Promise<void> {
    if (!this.alerts.shelves[state].loaded) await this.#fetch("alerts", this.#alertsOf(state));
  }

  /** Fetches older alerts of a state. */
  async lookFurther(state: Alert["state"]): Promise<void> {
    const shelf = this.alerts.shelves[state];
    if (shelf.next === null) return;
    await this.#fetch("alerts", this.alerts.takeOlder(state, api.olderAlerts(shelf.next)));
  }

  retryNow(): void {
    this.#connection?.retryNow();
    void this.#fetchAll();
  }

  #listener(): Listener {
    return {
      hello: (hello) => this.#onHello(hello),
      frame: (frame) => this.#onFrame(frame),
      alerts: (alerts) => this.#onAlerts(alerts),
      duty: (duties) => this.#onDuty(duties),
      changed: (what) => void this.#fetch(what, this.#changed(what)),
      serverTime: (unixS) => this.#onServerTime(unixS),
      lost: () => this.#onLost(),
    };
  }

  #onHello(hello: Hello): void {
    this.#connected = true;
    this.#lostAtS = null;
    this.#fail("me", null);
    this.fleet.useMotions(hello.motions);
    // What changed while we were away was told to nobody; nor was an alert since the first fetch.
    void (this.#greeted ? this.#fetchAll() : this.#fetch("alerts", this.#knownAlerts()));
    this.#greeted = true;
    // Another build is served only after the connection was gone.
    void this.#fetch("console", this.#console());
  }

  #onFrame(frame: Frame): void {
    this.#tick = frame.tick;
    this.fleet.applyFrame(frame);
    this.#judge();
  }

  #onAlerts(alerts: Alert[]): void {
    this.alerts.merge(alerts);
    this.#judge();
  }

  #onDuty(duties: readonly DutyNow[]): void {
    this.#vehiclesAsked.tell(duties);
    for (const { vehicle, status } of duties) this.fleet.setDuty(vehicle, status);
  }

  #onServerTime(unixS: number): void {
    clock.serverSaid(unixS);
    this.#asAtS = unixS;
  }

  #onLost(): void {
    this.#connected = false;
    this.#lostAtS ??= clock.read();
    // A refused WebSocket does not say why; an ordinary request does.
    void this.#fetch("me", api.me());
  }

  #onSecond(): void {
    clock.tick();
    this.#judge();
  }

  #judge(): void {
    this.fleet.judge(clock.read(), this.alerts.worstByVehicle);
  }

  async #fetchAll(): Promise<void> {
    const all = Promise.all([this.#vehicles(), this.#areas(), this.#knownAlerts()]);
    if (await this.#fetch("all", all)) this.#loaded = true;
  }

  /** Other grants: the vehicles are told of by themselves, alerts that are no longer seen by nobody. */
  #changed(what: "vehicles" | "fences" | "grants"): Promise<void> {
    if (what === "grants") return this.#knownAlerts();
    return what === "vehicles" ? this.#vehicles() : this.#areas();
  }

  async #console(): Promise<void> {
    const facts = await liveApi.console();
    build.isServed(facts.assets);
    basemaps.replace(facts.basemaps);
  }

  async #vehicles(): Promise<void> {
    if (!this.caller.permissions.includes("vehicles:read")) return;
    const both = Promise.all([api.vehicles(), liveApi.applications()]);
    await this.#vehiclesAsked.answer(both, ([vehicles, applications], since) => {
      this.fleet.replaceVehicles(vehicles);
      for (const { vehicle, status } of since) this.fleet.setDuty(vehicle, status);
      this.#applications = applications;
      this.#judge();
    });
  }

  async #areas(): Promise<void> {
    if (!this.caller.permissions.includes("fences:read")) return;
    await this.#areasAsked.answer(api.fences(), (fences) => (this.#fences = fences));
  }

  /** The open ones, and those of other states that somebody looked at. */
  async #knownAlerts(): Promise<void> {
    if (!this.caller.permissions.includes("alerts:read")) return;
    const known = Object.values(this.alerts.shelves).filter(
      (shelf) => shelf.state === "open" || shelf.loaded,
    );
    await Promise.all(known.map((shelf) => this.#alertsOf(shelf.state)));
  }

  async #alertsOf(state: Alert["state"]): Promise<void> {
    await this.alerts.take(state, api.alerts(state));
    this.#judge();
  }

  /** True when it succeeded; a failure is kept for the page to show until what failed succeeds. */
  async #fetch(what: Fetched, work: Promise<unknown>): Promise<boolean> {
    try {
      await work;
      this.#fail(what, null);
      return true;
    } catch (error) {
      if (error instanceof Problem && error.status === 401) this.signedOut();
      this.#fail(what, error);
      return false;
    }
  }

  #fail(what: Fetched, error: unknown): void {
    // All is all: whatever failed before is there now.
    const others = what === "all" && error === null ? [] : this.#failures;
    const failures = new Map(others);
    failures.delete(what);
    if (error !== null) failures.set(what, error);
    this.#failures = failures;
  }
}
