import { remember, remembered } from "./remembered";

const STORAGE_KEY = "milepost.sound";
/** Two short notes: heard in a noisy room, and not a siren. */
const NOTES_HZ = [880, 660];
const NOTE_S = 0.16;
const LOUDNESS = 0.12;

/** One chime, however many alerts came together; off when the operator says so. */
class Sound {
  #on = $state(remembered(STORAGE_KEY, true));
  #context: AudioContext | null = null;
  /** How often it chimed, for tests of the built page. */
  chimes = 0;

  get on(): boolean {
    return this.#on;
  }

  use(on: boolean): void {
    this.#on = on;
    remember(STORAGE_KEY, on);
  }

  chime(): void {
    if (!this.#on) return;
    this.chimes += 1;
    this.#context ??= new AudioContext();
    const context = this.#context;
    // A page that nobody has clicked on yet may not sound; then the words have to do.
    if (context.state === "suspended") void context.resume();
    const volume = context.createGain();
    volume.gain.value = LOUDNESS;
    volume.connect(context.destination);
    NOTES_HZ.forEach((hz, nth) => {
      const note = context.createOscillator();
      note.frequency.value = hz;
      note.connect(volume);
      note.start(context.currentTime + nth * NOTE_S);
      note.stop(context.currentTime + (nth + 1) * NOTE_S);
    });
  }
}

export const sound = new Sound();
