import districts from "../../../basemap/districts.json";
import type { Fences, Name } from "../api/types";
import { namePlace } from "./name-place";

/** Somewhere on the map that has a name. */
export interface NamedPlace {
  /** Unlike any other's. */
  key: string;
  kind: "fence" | "district" | "coordinates";
  name: Name;
  lon: number;
  lat: number;
}

/** More would push the vehicles out of sight. */
const MOST = 5;

/** The fences and districts whose names hold every word, the ones that begin so first. */
export function placesNamed(text: string, fences: Fences | null): NamedPlace[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const all = [...districtPlaces(), ...fencePlaces(fences)];
  const found = all.filter(({ name }) => {
    const both = `${name.en}\n${name["zh-Hant"]}`.toLowerCase();
    return words.every((word) => both.includes(word));
  });
  return found.toSorted((a, b) => rank(a, words[0]!) - rank(b, words[0]!)).slice(0, MOST);
}

/** Two numbers, which only the service can tell apart: degrees, or metres of HK1980 Grid. */
export function looksLikeCoordinates(text: string): boolean {
  return /^\s*[-+]?\d{2,}[\d.]*\s*°?\s*[NSEW]?[\s,;]+[-+]?\d{2,}[\d.]*\s*°?\s*[NSEW]?\s*$/i.test(text);
}

function rank({ name }: NamedPlace, word: string): number {
  const begins = [name.en, name["zh-Hant"]].some((each) => each.toLowerCase().startsWith(word));
  return begins ? 0 : 1;
}

function districtPlaces(): NamedPlace[] {
  return districts.map(({ name, lon, lat }) => ({
    key: `district ${name.en}`,
    kind: "district",
    name,
    lon,
    lat,
  }));
}

function fencePlaces(fences: Fences | null): NamedPlace[] {
  return (fences?.features ?? []).map(({ properties, geometry }) => {
    const [lon, lat] = namePlace(geometry);
    const { fence, name } = properties;
    const named = name.en || name["zh-Hant"] ? name : { en: fence, "zh-Hant": fence };
    return { key: `fence ${fence}`, kind: "fence", name: named, lon, lat };
  });
}
