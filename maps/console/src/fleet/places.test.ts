import { expect, test } from "vitest";
import type { Fences } from "../api/types";
import { looksLikeCoordinates, placesNamed } from "./places";

const FENCES = {
  type: "FeatureCollection",
  features: [
    {
      type: "Feature",
      properties: { fence: "FSD/station", name: { en: "Station of Sha Tin", "zh-Hant": "沙田消防局" } },
      geometry: { type: "Polygon", coordinates: [[[114.1, 22.3], [114.3, 22.3], [114.3, 22.5], [114.1, 22.3]]] },
    },
  ],
} as unknown as Fences;

test("districts and fences are found by either name, those that begin so first", () => {
  expect(placesNamed("sha tin", FENCES).map(({ key }) => key)).toEqual(["district Sha Tin", "fence FSD/station"]);
  const [fence] = placesNamed("沙田消防", FENCES);
  // In the triangle, as its name is on the map: the middle of its box lies on its border.
  expect(fence!.lon).toBeCloseTo(114.25, 9);
  expect(fence!.lat).toBeCloseTo(22.4, 9);
  expect(placesNamed("", FENCES)).toEqual([]);
  expect(placesNamed("no such place", null)).toEqual([]);
});

test("coordinates are told from names and plates", () => {
  for (const text of ["22.3, 114.17", "114.17E 22.3N", "832591.3E 820351.4N", "832591 820351", "22.3 114.17"]) {
    expect(looksLikeCoordinates(text), text).toBe(true);
  }
  for (const text of ["AM 1234", "22.3", "FSD/AMB-1", "Ambulance 12", "12 34 56"]) {
    expect(looksLikeCoordinates(text), text).toBe(false);
  }
});
