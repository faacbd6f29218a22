import { Marker, type GeoJSONSource, type LayerSpecification, type Map as MapLibreMap } from "maplibre-gl";
import type { Fences } from "../api/types";
import type { Position, Tracked } from "../fleet/fleet.svelte";
import type { Palette } from "../look/palette";
import { STILL } from "../look/still";
import type { LanguageTag } from "../words/language.svelte";
import { baseMap, restyle } from "./base-map";
import { Gliding } from "./gliding";
import type { LonLat } from "./overlay";
import { namedFences } from "./named-fences";
import { FENCES_SOURCE, mapLayers, mapStyle } from "./style";
import { VehicleLayer } from "./vehicle-layer";
import { VEHICLE_NAMES, VehicleNames } from "./vehicle-names";

/** A street's surroundings on a map of a few hundred pixels. */
const ZOOM = 14;
/** The camera rests while its vehicle is this near to the middle, as a share of the map's size. */
const MIDDLE = 0.25;

/** A small map that keeps one vehicle in view; nobody drags it. */
export class FollowMap {
  readonly #map: MapLibreMap;
  readonly #vehicles: VehicleLayer;
  readonly #mark: Marker;
  readonly #gliding: Gliding;
  readonly #names = new VehicleNames();
  #followed: Position | null = null;
  #records: readonly Tracked[] = [];
  #fences: Fences | null = null;
  #layers: LayerSpecification[] = [];
  #aimed = false;
  #ready = false;

  /** `mark` comes to stand at the vehicle. */
  constructor(container: HTMLElement, mark: HTMLElement, palette: Palette, language: LanguageTag) {
    this.#map = baseMap(container, mapStyle(palette, language), { interactive: false });
    this.#vehicles = new VehicleLayer(palette, () => STILL.matches);
    this.#mark = new Marker({ element: mark });
    this.#gliding = new Gliding(this.#map, this.#vehicles, () => this.#placeMark());
    // Again after a lost graphics context: MapLibre restores its own layers only.
    this.#map.on("webglcontextlost", () => {
      this.#ready = false;
    });
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.on("moveend", () => this.#showAround());
  }

  remove(): void {
    this.#gliding.stop();
    this.#map.remove();
  }

  /** What it is called for who does not see it. */
  name(label: string): void {
    this.#map.getCanvas().setAttribute("aria-label", label);
  }

  use(palette: Palette, language: LanguageTag): void {
    this.#layers = mapLayers(palette, language);
    this.#vehicles.usePalette(palette);
    if (this.#ready) restyle(this.#map, this.#layers);
  }

  showFences(fences: Fences): void {
    this.#fences = fences;
    if (!this.#ready) return;
    this.#map.getSource<GeoJSONSource>(FENCES_SOURCE)?.setData(namedFences(fences.features));
  }

  /** The vehicle where it is now, and of all others those that the map shows. */
  show(followed: Position | null, records: readonly Tracked[]): void {
    this.#followed = followed;
    if (followed) this.#keepInView(this.#vehicles.placeOf(followed));
    this.#placeMark();
    this.#records = records;
    this.#showAround();
  }

  /** Nearer or farther, around the vehicle. */
  zoomBy(levels: number): void {
    const center = this.#followed ?? this.#map.getCenter();
    this.#map.easeTo({ center, zoom: this.#map.getZoom() + levels, duration: 200 });
  }

  #showAround(): void {
    const around = this.#around(this.#records);
    this.#vehicles.show(around, false);
    const others = around.filter(({ position }) => position !== this.#followed);
    if (this.#ready) this.#names.show(this.#map, others);
    this.#gliding.goOn();
  }

  #onStyle(): void {
    this.#map.addLayer(this.#vehicles, VEHICLE_NAMES);
    this.#ready = true;
    restyle(this.#map, this.#layers);
    if (this.#fences) this.showFences(this.#fences);
  }

  /** A camera that is never at rest shows nothing well: it moves when the vehicle leaves the middle. */
  #keepInView(at: LonLat): void {
    const center: [number, number] = [at.lon, at.lat];
    if (!this.#aimed) this.#map.jumpTo({ center, zoom: ZOOM });
    else if (!this.#map.isMoving() && !this.#isInMiddle(center)) this.#map.easeTo({ center, duration: 500 });
    this.#aimed = true;
  }

  #isInMiddle(place: [number, number]): boolean {
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const { x, y } = this.#map.project(place);
    const away = Math.max(Math.abs(x / clientWidth - 0.5), Math.abs(y / clientHeight - 0.5));
    return away < MIDDLE;
  }

  #placeMark(): void {
    if (!this.#followed) return void this.#mark.remove();
    const { lon, lat } = this.#vehicles.placeOf(this.#followed);
    this.#mark.setLngLat([lon, lat]).addTo(this.#map);
  }

  /** Of ten thousand a small map shows a few: the others are not handed to the graphics card. */
  #around(records: readonly Tracked[]): Tracked[] {
    const bounds = this.#map.getBounds();
    const [west, east] = [bounds.getWest(), bounds.getEast()];
    const [south, north] = [bounds.getSouth(), bounds.getNorth()];
    const [wide, tall] = [(east - west) / 4, (north - south) / 4];
    return records.filter(({ position: at }) => {
      if (!at) return false;
      const inside = at.lon > west - wide && at.lon < east + wide;
      return inside && at.lat > south - tall && at.lat < north + tall;
    });
  }
}
