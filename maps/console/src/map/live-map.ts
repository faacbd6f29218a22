import {
  LngLatBounds,
  Marker,
  type GeoJSONSource,
  type LayerSpecification,
  type Map as MapLibreMap,
  type MapMouseEvent,
} from "maplibre-gl";
import type { Fences } from "../api/types";
import type { Tracked } from "../fleet/fleet.svelte";
import type { Palette } from "../look/palette";
import { STILL } from "../look/still";
import type { LanguageTag } from "../words/language.svelte";
import { baseMap, restyle, TERRITORY } from "./base-map";
import { Gliding } from "./gliding";
import { mercatorX, mercatorY } from "./mercator";
import { addOverlay, drawLines, drawRing, overlayLayers, type LonLat } from "./overlay";
import { namedFences } from "./named-fences";
import { FENCES_SOURCE, mapLayers, mapStyle } from "./style";
import { VehicleLayer } from "./vehicle-layer";
import { VEHICLE_NAMES, VehicleNames } from "./vehicle-names";

/** Near enough to see streets' worth of ground around one vehicle. */
const CLOSE_ZOOM = 13;
/** Followed vehicles that come together are not looked at more closely than this. */
const FOLLOW_ZOOM = 15;
const PICK_RADIUS_PX = 14;
/** MapLibre's world is one 512 px tile at zoom 0. */
const WORLD_PX = 512;

export interface MapOptions {
  container: HTMLElement;
  /** Stands at the selected vehicle. */
  selectionMark: HTMLElement;
  /** Stands at the vehicle under the pointer. */
  hoverMark: HTMLElement;
  /** Stands at the place asked about. */
  placeMark: HTMLElement;
  palette: Palette;
  language: LanguageTag;
  /** A vehicle was clicked, or none (null), where. */
  onPick(ref: string | null, at: LonLat): void;
  /** The pointer came to a vehicle, or left it (null). */
  onHover(ref: string | null): void;
  /** What the map shows has changed. */
  onMove(): void;
  /** Somebody took the map in hand. */
  onDrag(): void;
}

/** The map of the live screen. Theme, language and data may change before it has loaded. */
export class LiveMap {
  readonly #map: MapLibreMap;
  readonly #vehicles: VehicleLayer;
  readonly #selection: Marker;
  readonly #hover: Marker;
  readonly #place: Marker;
  readonly #names = new VehicleNames();
  readonly #marked = new Map<Marker, Tracked | null>();
  #named: readonly Tracked[] = [];
  #palette: Palette;
  #layers: LayerSpecification[] = [];
  #fences: Fences | null = null;
  readonly #gliding: Gliding;
  /** There is a style to draw into: it has loaded, and the graphics context is not lost. */
  #ready = false;

  constructor(options: MapOptions) {
    this.#palette = options.palette;
    this.#map = baseMap(options.container, mapStyle(options.palette, options.language));
    this.#vehicles = new VehicleLayer(options.palette, () => STILL.matches);
    this.#selection = new Marker({ element: options.selectionMark });
    this.#hover = new Marker({ element: options.hoverMark });
    this.#place = new Marker({ element: options.placeMark, anchor: "bottom" });
    this.#gliding = new Gliding(this.#map, this.#vehicles, () => this.#markAgain());
    // Again after a lost graphics context: MapLibre restores its own layers only.
    this.#map.on("webglcontextlost", () => {
      this.#ready = false;
    });
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.on("moveend", () => {
      this.#nameVehicles();
      options.onMove();
    });
    this.#map.on("dragstart", () => options.onDrag());
    this.#map.on("click", (event) => {
      const { lng: lon, lat } = event.lngLat;
      options.onPick(this.#pick(event)?.vehicle.vehicle ?? null, { lon, lat });
    });
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

  /** Those of them with the ring of an alert. */
  get ringed(): readonly string[] {
    return this.#ready ? this.#vehicles.ringed : [];
  }

  /** The middle of what it shows. */
  get centre(): LonLat {
    const { lng: lon, lat } = this.#map.getCenter();
    return { lon, lat };
  }

  remove(): void {
    this.#gliding.stop();
    this.#map.remove();
  }

  use(palette: Palette, language: LanguageTag): void {
    this.#palette = palette;
    this.#layers = [...mapLayers(palette, language), ...overlayLayers(palette)];
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
    this.#gliding.goOn();
  }

  markSelected(record: Tracked | null): void {
    this.#mark(this.#selection, record);
  }

  markHovered(record: Tracked | null): void {
    this.#mark(this.#hover, record);
    this.canvas.style.cursor = record ? "pointer" : "";
  }

  markPlace(place: LonLat | null): void {
    if (place) this.#place.setLngLat([place.lon, place.lat]).addTo(this.#map);
    else this.#place.remove();
  }

  /** Straight lines from a place to others; none from null. */
  showLines(from: LonLat | null, to: readonly LonLat[]): void {
    if (this.#ready) drawLines(this.#map, from, to);
  }

  /** The circle in which a vehicle is; none from null. */
  showRing(centre: LonLat | null, radiusM: number | null): void {
    if (this.#ready) drawRing(this.#map, centre, radiusM);
  }

  /** Brings a place into the middle, close enough to see its surroundings. */
  goTo(lon: number, lat: number): void {
    const zoom = Math.max(this.#map.getZoom(), CLOSE_ZOOM);
    this.#map.easeTo({ center: [lon, lat], zoom, duration: 500 });
  }

  /** Shows all these places, not closer than a street. */
  goToAll(places: readonly LonLat[], padding = 90): void {
    if (places.length === 0) return;
    const bounds = new LngLatBounds();
    for (const { lon, lat } of places) bounds.extend([lon, lat]);
    this.#map.fitBounds(bounds, { padding, maxZoom: FOLLOW_ZOOM, duration: 500 });
  }

  goHome(): void {
    this.#map.fitBounds(TERRITORY, { padding: 12, duration: 500 });
  }

  zoomBy(levels: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + levels, duration: 200 });
  }

  /** Whether it shows a place. */
  contains(lon: number, lat: number): boolean {
    return this.#map.getBounds().contains([lon, lat]);
  }

  /** Its container has another size. */
  resize(): void {
    this.#map.resize();
  }

  /** Where a place is on the screen now, css px from the map's top left corner. */
  screenPoint(lon: number, lat: number): { x: number; y: number } {
    const { x, y } = this.#map.project([lon, lat]);
    return { x, y };
  }

  /** What it shows, as a picture: a drawing surface is empty for a printer. */
  picture(): Promise<string> {
    return new Promise((resolve) => {
      this.#map.once("render", () => resolve(this.canvas.toDataURL()));
      this.#map.triggerRepaint();
    });
  }

  #onStyle(): void {
    this.#map.addLayer(this.#vehicles, VEHICLE_NAMES);
    addOverlay(this.#map, this.#palette, this.#vehicles.id);
    this.#ready = true;
    restyle(this.#map, this.#layers);
    this.#drawFences();
  }

  #drawFences(): void {
    if (this.#fences === null) return;
    const named = namedFences(this.#fences.features);
    this.#map.getSource<GeoJSONSource>(FENCES_SOURCE)?.setData(named);
  }

  #nameVehicles(): void {
    if (this.#ready) this.#names.show(this.#map, this.#named);
  }

  #mark(marker: Marker, record: Tracked | null): void {
    this.#marked.set(marker, record);
    if (!record?.position) {
      marker.remove();
      return;
    }
    const { lon, lat } = this.#vehicles.placeOf(record.position);
    marker.setLngLat([lon, lat]).addTo(this.#map);
  }

  #markAgain(): void {
    for (const [marker, record] of this.#marked) if (record) this.#mark(marker, record);
  }

  #pick({ lngLat }: MapMouseEvent): Tracked | null {
    const reach = PICK_RADIUS_PX / (WORLD_PX * 2 ** this.#map.getZoom());
    return this.#vehicles.pick(mercatorX(lngLat.lng), mercatorY(lngLat.lat), reach);
  }
}
