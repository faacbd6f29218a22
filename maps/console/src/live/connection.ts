import type { Alert } from "../api/types";
import { readFrame, type Frame } from "./frame";

const FIRST_RETRY_S = 0.5;
/** With its jitter under 4 s: a console is live again within 5 s of a service that is back. */
const LONGEST_RETRY_S = 3;
/** The service pings every 10 s: two missed pings and a margin. */
const SILENCE_S = 25;

/** What the page needs of the service's greeting. */
export interface Hello {
  /** The names behind the numbers of the frames' `motion` column. */
  motions: string[];
}

type Message =
  | ({ type: "hello" } & Hello)
  | { type: "alerts"; alerts: Alert[] }
  | { type: "duty"; duties: DutyNow[] }
  | { type: "vehicles" }
  | { type: "grants" }
  | { type: "fences" }
  | { type: "ping"; server_time: string };

/** What a vehicle (full ref) does now. */
export interface DutyNow {
  vehicle: string;
  status: string;
}

/** Who listens. Every call comes in the order of the wire. */
export interface Listener {
  hello(hello: Hello): void;
  frame(frame: Frame): void;
  alerts(alerts: Alert[]): void;
  duty(duties: readonly DutyNow[]): void;
  changed(what: "vehicles" | "fences" | "grants"): void;
  serverTime(unixS: number): void;
  /** The connection is gone; another attempt follows by itself. */
  lost(): void;
}

/**
 * Keeps one WebSocket to `/v1/live` open until `stop()`: reconnects with growing, jittered pauses,
 * treats long silence as loss, and asks for a snapshot when frames are missing.
 */
export class Connection {
  #socket: WebSocket | null = null;
  #attempts = 0;
  #lastTick: number | null = null;
  #retryTimer = 0;
  #silenceTimer = 0;
  #stopped = false;

  constructor(private readonly listener: Listener) {
    this.#open();
  }

  stop(): void {
    this.#stopped = true;
    this.#drop();
    clearTimeout(this.#retryTimer);
  }

  /** Tries at once instead of waiting for the pause to end. */
  retryNow(): void {
    if (this.#stopped || this.#socket?.readyState === WebSocket.OPEN) return;
    clearTimeout(this.#retryTimer);
    this.#drop();
    this.#open();
  }

  #open(): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/v1/live?format=binary`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#lastTick = null;
    this.#watchSilence();
    socket.onmessage = ({ data }: MessageEvent<ArrayBuffer | string>) => this.#onData(data);
    socket.onclose = () => this.#onLoss();
  }

  #onData(data: ArrayBuffer | string): void {
    this.#watchSilence();
    try {
      if (typeof data === "string") this.#onMessage(JSON.parse(data) as Message);
      else this.#onFrame(readFrame(data));
    } catch (error) {
      // What cannot be read must not pass for a live picture.
      this.#onLoss();
      throw error;
    }
  }

  #onFrame(frame: Frame): void {
    if (!frame.snapshot) {
      if (this.#lastTick === null) return; // the snapshot asked for is on its way
      if (frame.tick !== this.#lastTick + 1) return this.#resync();
    }
    this.#lastTick = frame.tick;
    this.listener.serverTime(frame.serverTimeS);
    this.listener.frame(frame);
  }

  #resync(): void {
    this.#lastTick = null;
    this.#socket?.send(JSON.stringify({ type: "resync" }));
  }

  #onMessage(message: Message): void {
    switch (message.type) {
      case "hello":
        this.#attempts = 0;
        return this.listener.hello(message);
      case "alerts":
        return this.listener.alerts(message.alerts);
      case "duty":
        return this.listener.duty(message.duties);
      case "vehicles":
      case "grants":
      case "fences":
        return this.listener.changed(message.type);
      case "ping":
        return this.listener.serverTime(Date.parse(message.server_time) / 1000);
    }
  }

  #watchSilence(): void {
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = window.setTimeout(() => this.#onLoss(), SILENCE_S * 1000);
  }

  #onLoss(): void {
    this.#drop();
    if (this.#stopped) return;
    this.listener.lost();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = window.setTimeout(() => this.#open(), pauseS(this.#attempts) * 1000);
    this.#attempts += 1;
  }

  #drop(): void {
    clearTimeout(this.#silenceTimer);
    if (!this.#socket) return;
    this.#socket.onclose = null;
    this.#socket.onmessage = null;
    this.#socket.close();
    this.#socket = null;
  }
}

/** Doubles from half a second to three; jitter keeps a room of consoles from returning at once. */
function pauseS(attempts: number): number {
  const pause = Math.min(FIRST_RETRY_S * 2 ** attempts, LONGEST_RETRY_S);
  return pause * (0.75 + Math.random() / 2);
}
