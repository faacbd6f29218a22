/** The map's style: the built-in basemap, the fences, and nothing that needs another server. */
import type { ExpressionSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import districts from "../../../basemap/districts.json";
import landUrl from "../../../basemap/land.geojson?url";
import type { Palette } from "../look/palette";
import type { LanguageTag } from "../words/language.svelte";
import { TEXT_FONTS } from "./fonts";
import { COVERED, graticule } from "./graticule";
import { VEHICLE_NAMES, vehicleNamesLayer } from "./vehicle-names";

export const FENCES_SOURCE = "fences";
/** Fence names would crowd a map of the whole territory. */
const FENCE_NAMES_FROM_ZOOM = 12;

const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

export function mapStyle(palette: Palette, language: LanguageTag): StyleSpecification {
  return {
    version: 8,
    sources: {
      covered: { type: "geojson", data: COVERED },
      land: { type: "geojson", data: landUrl, tolerance: 0.2 },
      graticule: { type: "geojson", data: graticule() },
      districts: { type: "geojson", data: districtPoints() },
      [FENCES_SOURCE]: { type: "geojson", data: NOTHING },
      [VEHICLE_NAMES]: { type: "geojson", data: NOTHING },
    },
    layers: mapLayers(palette, language),
  };
}

/** Theme and language change paint and words only: the same layers come out, in the same order. */
export function mapLayers(palette: Palette, language: LanguageTag): LayerSpecification[] {
  return [
    ...groundLayers(palette),
    ...fenceLayers(palette),
    ...nameLayers(palette, language),
    vehicleNamesLayer(palette, language),
  ];
}

function groundLayers(palette: Palette): LayerSpecification[] {
  return [
    // Where the basemap ends there is neither land nor sea, only paper.
    { id: "paper", type: "background", paint: { "background-color": palette.paper } },
    { id: "water", type: "fill", source: "covered", paint: { "fill-color": palette.water } },
    {
      id: "graticule",
      type: "line",
      source: "graticule",
      paint: { "line-color": palette.graticule, "line-width": 1 },
    },
    { id: "land", type: "fill", source: "land", paint: { "fill-color": palette.land } },
    {
      id: "shore",
      type: "line",
      source: "land",
      paint: { "line-color": palette.shore, "line-width": 0.8 },
    },
  ];
}

function fenceLayers(palette: Palette): LayerSpecification[] {
  const outline = (kind: string, dash: number[]): LayerSpecification => ({
    id: `fence-${kind}`,
    type: "line",
    source: FENCES_SOURCE,
    filter: ["all", ["==", ["geometry-type"], "Polygon"], ["==", ["get", "kind"], kind]],
    paint: { "line-color": palette.fence, "line-width": 1.6, "line-dasharray": dash },
  });
  return [
    {
      id: "fence-area",
      type: "fill",
      source: FENCES_SOURCE,
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": palette.fence, "fill-opacity": 0.1 },
    },
    outline("polygon", [4, 2]),
    outline("circle", [1.5, 1.5]),
    outline("corridor", [6, 1.5, 1.5, 1.5]),
  ];
}

function nameLayers(palette: Palette, language: LanguageTag): LayerSpecification[] {
  const other: LanguageTag = language === "en" ? "zh-Hant" : "en";
  const halo = { "text-halo-color": palette["map-halo"], "text-halo-width": 1.4 };
  const name: ExpressionSpecification = ["get", language, ["get", "name"]];
  return [
    {
      id: "district-names",
      type: "symbol",
      source: "districts",
      layout: {
        "text-field": [
          "format",
          name,
          {},
          "\n",
          {},
          ["get", other, ["get", "name"]],
          { "font-scale": 0.82 },
        ],
        "text-font": TEXT_FONTS,
        "text-size": ["interpolate", ["linear"], ["zoom"], 9, 11, 12, 14],
        "text-line-height": 1.25,
        "text-max-width": 14,
        "text-padding": 6,
      },
      paint: { "text-color": palette["map-text"], ...halo },
    },
    {
      id: "fence-names",
      type: "symbol",
      source: FENCES_SOURCE,
      filter: ["==", ["geometry-type"], "Point"],
      minzoom: FENCE_NAMES_FROM_ZOOM,
      layout: {
        "text-field": name,
        "text-font": TEXT_FONTS,
        "text-size": 12,
        "text-max-width": 12,
      },
      paint: { "text-color": palette.fence, ...halo },
    },
  ];
}

function districtPoints(): GeoJSON.FeatureCollection<GeoJSON.Point> {
  return {
    type: "FeatureCollection",
    features: districts.map(({ name, lon, lat }) => ({
      type: "Feature",
      properties: { name },
      geometry: { type: "Point", coordinates: [lon, lat] },
    })),
  };
}
