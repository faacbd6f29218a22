/** Figures for people. Times are Hong Kong's, 24 h; speeds km/h; positions latitude first. */
import { language, say, type WordKey } from "./language.svelte";

const TIME_ZONE = "Asia/Hong_Kong";
/** `en` alone would put the month first. */
const DATES = { en: "en-GB", "zh-Hant": "zh-Hant-HK" };
const MPS_IN_KMH = 3.6;

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  timeZone: TIME_ZONE,
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const DAY = new Intl.DateTimeFormat("en-CA", { timeZone: TIME_ZONE, dateStyle: "short" });

/** `14:05:52` */
export function clockTime(unixS: number): string {
  return CLOCK.format(unixS * 1000);
}

/** The clock's time, with the date before it when that is not today's: `23 Nov 2026 14:05:52`. */
export function moment(unixS: number, nowS: number): string {
  if (DAY.format(unixS * 1000) === DAY.format(nowS * 1000)) return clockTime(unixS);
  const date = new Intl.DateTimeFormat(DATES[language.tag], {
    timeZone: TIME_ZONE,
    day: "numeric",
    month: language.tag === "en" ? "short" : "long",
    year: "numeric",
  });
  return `${date.format(unixS * 1000)} ${clockTime(unixS)}`;
}

const AGES: readonly [limitS: number, unitS: number, key: WordKey][] = [
  [120, 1, "age.seconds"],
  [7200, 60, "age.minutes"],
  [172800, 3600, "age.hours"],
  [Infinity, 86400, "age.days"],
];

/** `4 s ago`: whole units, rounded down. A clock that runs ahead of ours counts as now. */
export function age(ageS: number): string {
  const seconds = Math.max(0, ageS);
  const [, unitS, key] = AGES.find(([limitS]) => seconds < limitS) ?? AGES[3]!;
  return say(key, { n: Math.floor(seconds / unitS) });
}

/** `71 km/h`, or a dash where the speed is not known. */
export function speed(speedMps: number | null): string {
  return say("speed.value", { n: speedMps === null ? "–" : Math.round(speedMps * MPS_IN_KMH) });
}

/** `212° SW`, or a dash. */
export function direction(directionDeg: number | null): string {
  if (directionDeg === null) return "–";
  const point = Math.round(directionDeg / 45) % 8;
  return `${Math.round(directionDeg) % 360}° ${say(`compass.${point}` as WordKey)}`;
}

/** `22.35400, 114.11720`: latitude first, about a metre. */
export function place(lon: number, lat: number): string {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}

/** `E 832591, N 820351`: HK1980 Grid, whole metres, each with its letter; a dash beyond its reach. */
export function gridPlace(eastingM: number | null, northingM: number | null): string {
  if (eastingM === null || northingM === null) return "HK1980 –";
  return `HK1980 ${Math.round(eastingM)}E ${Math.round(northingM)}N`;
}

/** `350 m`, from a kilometre on `1.2 km`. */
export function distance(metres: number): string {
  if (metres < 1000) return say("distance.m", { n: Math.round(metres / 10) * 10 });
  return say("distance.km", { n: (metres / 1000).toFixed(metres < 10_000 ? 1 : 0) });
}
