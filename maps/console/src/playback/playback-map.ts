import {
  LngLatBounds,
  Marker,
  type GeoJSONSource,
  type LayerSpecification,
  type Map as MapLibreMap,
  type StyleSpecification,
} from "maplibre-gl";
import type { PlayedFences } from "../api/playback";
import type { Fences } from "../api/types";
import type { Tracked } from "../fleet/fleet.svelte";
import type { Palette } from "../look/palette";
import { baseMap, restyle, TERRITORY } from "../map/base-map";
import { TEXT_FONTS } from "../map/fonts";
import { mercatorX, mercatorY } from "../map/mercator";
import { namedFences } from "../map/named-fences";
import { FENCES_SOURCE, mapLayers, mapStyle } from "../map/style";
import { VehicleLayer } from "../map/vehicle-layer";
import { VEHICLE_NAMES, VehicleNames } from "../map/vehicle-names";
import type { LanguageTag } from "../words/language.svelte";
import type { Leg } from "./instant";
import { GLYPHS, type Mark } from "./marks";
import { colourOf } from "./lines";

const TRACKS = "played-tracks";
const MARKS = "played-marks";
const PICK_RADIUS_PX = 14;
const WORLD_PX = 512;
const CLOSE_ZOOM = 15;
/** Text is laid out anew each time: a name may trail its vehicle by so much. */
const NAMED_EVERY_MS = 200;
const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** The ways of one vehicle; its number in the choice says its colour. */
export interface Way {
  number: number;
  legs: readonly Leg[];
}

/** The map of the past: ways, marks on them, and the vehicles at the cursor. */
export class PlaybackMap {
  readonly #map: MapLibreMap;
  readonly #vehicles: VehicleLayer;
  readonly #selection: Marker;
  readonly #names = new VehicleNames();
  #named: readonly Tracked[] = [];
  #namesDue: number | undefined;
  #palette: Palette;
  #layers: LayerSpecification[] = [];
  #ready = false;
  #data = new Map<string, GeoJSON.GeoJSON>();

  constructor(
    container: HTMLElement,
    selectionMark: HTMLElement,
    palette: Palette,
    language: LanguageTag,
    onPick: (ref: string | null) => void,
  ) {
    this.#palette = palette;
    const style = mapStyle(palette, language);
    this.#map = baseMap(container, withOurs(style, palette));
    this.#vehicles = new VehicleLayer(palette, () => true);
    this.#selection = new Marker({ element: selectionMark });
    this.#map.on("webglcontextlost", () => {
      this.#ready = false;
    });
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.on("moveend", () => this.#nameVehicles());
    this.#map.on("click", ({ lngLat }) => {
      const reach = PICK_RADIUS_PX / (WORLD_PX * 2 ** this.#map.getZoom());
      const found = this.#vehicles.pick(mercatorX(lngLat.lng), mercatorY(lngLat.lat), reach);
      onPick(found?.vehicle.vehicle ?? null);
    });
  }

  get canvas(): HTMLCanvasElement {
    return this.#map.getCanvas();
  }

  /** Vehicles handed to the graphics card. */
  get drawn(): number {
    return this.#ready ? this.#vehicles.drawn : 0;
  }

  remove(): void {
    clearTimeout(this.#namesDue);
    this.#map.remove();
  }

  use(palette: Palette, language: LanguageTag): void {
    this.#palette = palette;
    this.#layers = [...mapLayers(palette, language), ...ourLayers(palette)];
    this.#vehicles.usePalette(palette);
    if (this.#ready) restyle(this.#map, this.#layers);
  }

  /** Those shapes that were in force. */
  showFences(fences: PlayedFences): void {
    this.#set(FENCES_SOURCE, namedFences((fences as unknown as Fences).features));
  }

  showWays(ways: readonly Way[]): void {
    const features = ways.flatMap(({ number, legs }) =>
      legs
        .filter(({ places }) => places.length > 1)
        .map(({ places }): GeoJSON.Feature => ({
          type: "Feature",
          properties: { colour: colourOf(this.#palette, number) },
          geometry: { type: "LineString", coordinates: places },
        })),
    );
    this.#set(TRACKS, { type: "FeatureCollection", features });
  }

  showMarks(marks: readonly Mark[]): void {
    const features = marks
      .filter(({ place }) => place !== null)
      .map(({ kind, place }): GeoJSON.Feature => ({
        type: "Feature",
        properties: { glyph: GLYPHS[kind], alert: kind === "alert" },
        geometry: { type: "Point", coordinates: place! },
      }));
    this.#set(MARKS, { type: "FeatureCollection", features });
  }

  showVehicles(records: readonly Tracked[], selected: Tracked | null): void {
    this.#named = records.filter((record) => record !== selected);
    this.#vehicles.show(records, false);
    this.#namesDue ??= window.setTimeout(() => this.#nameVehicles(), NAMED_EVERY_MS);
    if (!selected?.position) this.#selection.remove();
    else this.#selection.setLngLat([selected.position.lon, selected.position.lat]).addTo(this.#map);
  }

  goTo(lon: number, lat: number): void {
    const zoom = Math.max(this.#map.getZoom(), CLOSE_ZOOM - 2);
    this.#map.easeTo({ center: [lon, lat], zoom, duration: 500 });
  }

  /** Brings the ways into view; without any, the territory. */
  fit(ways: readonly Way[]): void {
    const places = ways.flatMap(({ legs }) => legs.flatMap((leg) => leg.places));
    const bounds = new LngLatBounds();
    for (const place of places) bounds.extend(place);
    this.#map.fitBounds(bounds.isEmpty() ? TERRITORY : bounds, {
      padding: 48,
      maxZoom: CLOSE_ZOOM,
      duration: 0,
    });
  }

  zoomBy(levels: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + levels, duration: 200 });
  }

  #onStyle(): void {
    this.#map.addLayer(this.#vehicles, VEHICLE_NAMES);
    this.#ready = true;
    restyle(this.#map, this.#layers);
    for (const [source, data] of this.#data) this.#map.getSource<GeoJSONSource>(source)?.setData(data);
  }

  #set(source: string, data: GeoJSON.GeoJSON): void {
    this.#data.set(source, data);
    if (this.#ready) this.#map.getSource<GeoJSONSource>(source)?.setData(data);
  }

  #nameVehicles(): void {
    clearTimeout(this.#namesDue);
    this.#namesDue = undefined;
    if (this.#ready) this.#names.show(this.#map, this.#named);
  }
}

/** Under the vehicles' names, over fences. */
function withOurs(style: StyleSpecification, palette: Palette): StyleSpecification {
  const names = style.layers.findIndex(({ id }) => id === VEHICLE_NAMES);
  const empty = { type: "geojson", data: NOTHING } as const;
  return {
    ...style,
    sources: { ...style.sources, [TRACKS]: empty, [MARKS]: empty },
    layers: style.layers.toSpliced(names, 0, ...ourLayers(palette)),
  };
}

function ourLayers(palette: Palette): LayerSpecification[] {
  return [
    {
      id: "played-casing",
      type: "line",
      source: TRACKS,
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": palette.casing, "line-width": 6 },
    },
    {
      id: TRACKS,
      type: "line",
      source: TRACKS,
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": ["get", "colour"], "line-width": 3 },
    },
    {
      id: MARKS,
      type: "symbol",
      source: MARKS,
      layout: {
        "text-field": ["get", "glyph"],
        "text-font": TEXT_FONTS,
        "text-size": 18,
        "text-allow-overlap": true,
      },
      paint: {
        "text-color": ["case", ["get", "alert"], palette.alert, palette["map-text"]],
        "text-halo-color": palette["map-halo"],
        "text-halo-width": 2,
      },
    },
  ];
}

/** Read-only figures for support and for tests of the built page. */
export interface PlaybackFigures {
  /** Vehicles on the map. */
  drawn(): number;
  /** The cursor, unix milliseconds. */
  atMs(): number;
  /** Of what instant the picture is; null: of none, it is on its way. */
  shownMs(): number | null;
  /** Where a vehicle is shown: lon, lat; null: nowhere. */
  placeOf(ref: string): [lon: number, lat: number] | null;
  /** Full refs of the fences that are shown. */
  fences(): string[];
}

declare global {
  interface Window {
    milepostPlayback?: PlaybackFigures;
  }
}
