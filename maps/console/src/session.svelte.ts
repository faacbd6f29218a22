import { api, Problem } from "./api/client";
import type { Caller, Credentials, SignInChoices } from "./api/types";
import { Live } from "./live/live.svelte";

export type Phase = "starting" | "signed-out" | "signed-in" | "unreachable";

function isUnknownCaller(error: unknown): boolean {
  return error instanceof Problem && error.status === 401;
}

/** Who is at this console, and the live picture that goes with it. */
class Session {
  #phase = $state<Phase>("starting");
  #choices = $state.raw<SignInChoices | null>(null);
  #caller = $state.raw<Caller | null>(null);
  #live = $state.raw<Live | null>(null);
  #ended = $state(false);
  #failure = $state.raw<unknown>(null);

  get phase(): Phase {
    return this.#phase;
  }

  get choices(): SignInChoices | null {
    return this.#choices;
  }

  get caller(): Caller | null {
    return this.#caller;
  }

  get live(): Live | null {
    return this.#live;
  }

  /** The service ended the session, not the user. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Why the last attempt to enter or to leave failed; null when it did not. */
  get failure(): unknown {
    return this.#failure;
  }

  async start(): Promise<void> {
    this.#phase = "starting";
    try {
      this.#choices = await api.signInChoices();
      await this.#enter();
    } catch (error) {
      this.#phase = isUnknownCaller(error) ? "signed-out" : "unreachable";
      this.#failure = error;
    }
  }

  /** Throws the service's `Problem` when it refuses. */
  async signIn(credentials: Credentials): Promise<void> {
    await api.signIn(credentials);
    await this.#enter();
  }

  async signOut(): Promise<void> {
    try {
      await api.signOut();
      this.#leave();
    } catch (error) {
      if (isUnknownCaller(error)) this.#leave(); // it had ended already
      else this.#failure = error;
    }
  }

  async #enter(): Promise<void> {
    this.#caller = await api.me();
    this.#live = new Live(this.#caller, () => this.#onExpiry());
    this.#ended = false;
    this.#failure = null;
    this.#phase = "signed-in";
  }

  #onExpiry(): void {
    this.#ended = true;
    this.#leave();
  }

  #leave(): void {
    this.#live?.stop();
    this.#live = null;
    this.#caller = null;
    this.#phase = "signed-out";
  }
}

export const session = new Session();
