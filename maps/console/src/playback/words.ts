import { say } from "../words/language.svelte";

/** `1 h 05 min`, `4 min 10 s`, `35 s`. */
export function length(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, min, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (h > 0) return say("playback.length.hours", { h, min: String(min).padStart(2, "0") });
  if (min > 0) return say("playback.length.minutes", { min, s: String(s).padStart(2, "0") });
  return say("playback.length.seconds", { s });
}

/** `12.4 km` */
export function distance(metres: number): string {
  return say("playback.distance", { n: (metres / 1000).toFixed(1) });
}
