import {
  Marker,
  type GeoJSONSource,
  type LayerSpecification,
  type Map as MapLibreMap,
  type MapMouseEvent,
} from "maplibre-gl";
import type { Fences } from "../api/types";
import type { Tracked } from "../fleet/fleet.svelte";
import type { Palette } from "../look/palette";
import type { LanguageTag } from "../words/language.svelte";
import { baseMap, restyle, TERRITORY } from "./base-map";
import { mercatorX, mercatorY } from "./mercator";
import { FENCES_SOURCE, mapLayers, mapStyle } from "./style";
import { VehicleLayer } from "./vehicle-layer";
import { VEHICLE_NAMES, VehicleNames } from "./vehicle-names";

/** Near enough to see streets' worth of ground around one vehicle. */
const CLOSE_ZOOM = 13;
const PICK_RADIUS_PX = 14;
/** MapLibre's world is one 512 px tile at zoom 0. */
const WORLD_PX = 512;

const STILL = matchMedia("(prefers-reduced-motion: reduce)");

export interface MapOptions {
  container: HTMLElement;
  /** Stands at the selected vehicle. */
  selectionMark: HTMLElement;
  /** Stands at the vehicle under the pointer. */
  hoverMark: HTMLElement;
  palette: Palette;
  language: LanguageTag;
  /** A vehicle was clicked, or none (null). */
  onPick(ref: string | null): void;
  /** The pointer came to a vehicle, or left it (null). */
  onHover(ref: string | null): void;
}

/** The map of the live screen. Theme, language and data may change before it has loaded. */
export class LiveMap {
  readonly #map: MapLibreMap;
  readonly #vehicles: VehicleLayer;
  readonly #selection: Marker;
  readonly #hover: Marker;
  readonly #names = new VehicleNames();
  #named: readonly Tracked[] = [];
  #layers: LayerSpecification[] = [];
  #fences: Fences | null = null;
  /** There is a style to draw into: it has loaded, and the graphics context is not lost. */
  #ready = false;

  constructor(options: MapOptions) {
    this.#map = baseMap(options.container, mapStyle(options.palette, options.language));
    this.#vehicles = new VehicleLayer(options.palette);
    this.#selection = new Marker({ element: options.selectionMark });
    this.#hover = new Marker({ element: options.hoverMark });
    // Again after a lost graphics context: MapLibre restores its own layers only.
    this.#map.on("webglcontextlost", () => {
      this.#ready = false;
    });
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.on("moveend", () => this.#nameVehicles());
    this.#map.on("click", (event) => options.onPick(this.#pick(event)?.vehicle.vehicle ?? null));
    this.#map.on("mousemove", (event) =>
      options.onHover(this.#pick(event)?.vehicle.vehicle ?? null),
    );
    this.#map.on("mouseout", () => options.onHover(null));
  }

  get canvas(): HTMLCanvasElement {
    return this.#map.getCanvas();
  }

  /** Vehicles handed to the graphics card. */
  get drawn(): number {
    return this.#ready ? this.#vehicles.drawn : 0;
  }

  remove(): void {
    this.#map.remove();
  }

  use(palette: Palette, language: LanguageTag): void {
    this.#layers = mapLayers(palette, language);
    this.#vehicles.usePalette(palette);
    if (this.#ready) restyle(this.#map, this.#layers);
  }

  showFences(fences: Fences): void {
    this.#fences = fences;
    if (this.#ready) this.#drawFences();
  }

  /** The selected vehicle's name stands on its mark already. */
  showVehicles(records: readonly Tracked[], selectedRef: string | null): void {
    this.#named = records.filter((record) => record.vehicle.vehicle !== selectedRef);
    this.#vehicles.show(records, !STILL.matches && Math.floor(performance.now() / 500) % 2 === 0);
    this.#nameVehicles();
  }

  markSelected(record: Tracked | null): void {
    place(this.#selection, this.#map, record);
  }

  markHovered(record: Tracked | null): void {
    place(this.#hover, this.#map, record);
    this.canvas.style.cursor = record ? "pointer" : "";
  }

  /** Brings a place into the middle, close enough to see its surroundings. */
  goTo(lon: number, lat: number): void {
    const zoom = Math.max(this.#map.getZoom(), CLOSE_ZOOM);
    this.#map.easeTo({ center: [lon, lat], zoom, duration: 500 });
  }

  goHome(): void {
    this.#map.fitBounds(TERRITORY, { padding: 12, duration: 500 });
  }

  zoomBy(levels: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + levels, duration: 200 });
  }

  /** Where a place is on the screen now, css px from the map's top left corner. */
  screenPoint(lon: number, lat: number): { x: number; y: number } {
    const { x, y } = this.#map.project([lon, lat]);
    return { x, y };
  }

  #onStyle(): void {
    this.#map.addLayer(this.#vehicles, VEHICLE_NAMES);
    this.#ready = true;
    restyle(this.#map, this.#layers);
    this.#drawFences();
  }

  #drawFences(): void {
    if (this.#fences) this.#map.getSource<GeoJSONSource>(FENCES_SOURCE)?.setData(this.#fences);
  }

  #nameVehicles(): void {
    const source = this.#ready ? this.#map.getSource<GeoJSONSource>(VEHICLE_NAMES) : undefined;
    if (!source) return;
    const view = { zoom: this.#map.getZoom(), bounds: this.#map.getBounds() };
    this.#names.show(source, this.#named, view);
  }

  #pick({ lngLat }: MapMouseEvent): Tracked | null {
    const reach = PICK_RADIUS_PX / (WORLD_PX * 2 ** this.#map.getZoom());
    return this.#vehicles.pick(mercatorX(lngLat.lng), mercatorY(lngLat.lat), reach);
  }
}

function place(marker: Marker, map: MapLibreMap, record: Tracked | null): void {
  if (!record?.position) {
    marker.remove();
    return;
  }
  marker.setLngLat([record.position.lon, record.position.lat]).addTo(map);
}
