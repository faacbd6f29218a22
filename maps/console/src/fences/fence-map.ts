import type {
  GeoJSONSource,
  LayerSpecification,
  Map as MapLibreMap,
  MapGeoJSONFeature,
  MapMouseEvent,
  MapTouchEvent,
  Point,
} from "maplibre-gl";
import type { FenceFeature } from "../api/fences";
import type { Tracked } from "../fleet/fleet.svelte";
import type { Palette } from "../look/palette";
import { STILL } from "../look/still";
import { baseMap, restyle, TERRITORY } from "../map/base-map";
import { namedFences } from "../map/named-fences";
import { FENCES_SOURCE, mapLayers, mapStyle } from "../map/style";
import { VehicleLayer } from "../map/vehicle-layer";
import { VehicleNames } from "../map/vehicle-names";
import type { LanguageTag } from "../words/language.svelte";
import type { Drawing, Listening } from "./drawing";
import { edgesAt, handlesOf, type Box, type HandleFeature } from "./handles";
import * as layers from "./map-layers";
import { boundsOf, metresBetween, sketchOf, type At, type Kind, type Position, type Shape } from "./shape";

const REACH_PX = 10;
/** Around what is brought into view; the map's own buttons are at its right. */
const PADDING_PX = { top: 48, bottom: 48, left: 48, right: 72 };
/** Vehicles are there for who draws, not to be looked at. */
const FAINT = 0.55;

type PointerEvent = MapMouseEvent | MapTouchEvent;
type Held = HandleFeature["properties"];

export interface FenceMapOptions {
  container: HTMLElement;
  palette: Palette;
  language: LanguageTag;
  /** A fence was clicked. */
  onPick(fence: string): void;
  /** A point of the draft was taken hold of. */
  onPoint(at: At): void;
  onMove(at: At, to: Position): void;
  onInsert(at: At, position: Position): void;
  onRemove(at: At): void;
  onRadius(metres: number): void;
  /** Too many points are in view to take hold of one. */
  onCrowded(crowded: boolean): void;
}

/** The map of the screen of fences: all of them, the one that is meant, and the one that is changed. */
export class FenceMap {
  readonly #map: MapLibreMap;
  readonly #options: FenceMapOptions;
  readonly #vehicles: VehicleLayer;
  readonly #names = new VehicleNames();
  #named: readonly Tracked[] = [];
  #palette: Palette;
  #layers: LayerSpecification[];
  #ready = false;
  /** What each source shows; before the style has loaded it waits here. */
  readonly #data = new Map<string, GeoJSON.GeoJSON>();
  #draft: Shape | null = null;
  #at: At | null = null;
  #held: Held | null = null;
  #to: Position | null = null;
  #drawing: Drawing | null = null;

  constructor(options: FenceMapOptions) {
    this.#options = options;
    this.#palette = options.palette;
    this.#layers = layersOf(options.palette, options.language);
    this.#vehicles = new VehicleLayer(options.palette, () => true, FAINT);
    const style = mapStyle(options.palette, options.language);
    this.#map = baseMap(options.container, {
      ...style,
      sources: { ...style.sources, ...layers.SOURCES },
      layers: this.#layers,
    });
    this.#map.on("webglcontextlost", () => (this.#ready = false));
    this.#map.on("style.load", () => this.#onStyle());
    this.#map.on("moveend", () => {
      this.#showHandles();
      this.#nameVehicles();
    });
    this.#map.on("click", (event) => this.#onClick(event));
    this.#map.on("contextmenu", (event) => this.#onMenu(event));
    this.#map.on("mousedown", (event) => this.#onDown(event));
    this.#map.on("touchstart", (event) => this.#onDown(event));
    this.#map.on("mousemove", (event) => this.#onMove(event));
    this.#map.on("touchmove", (event) => this.#onMove(event));
    this.#map.on("mouseup", () => this.#onUp());
    this.#map.on("touchend", () => this.#onUp());
  }

  get canvas(): HTMLCanvasElement {
    return this.#map.getCanvas();
  }

  get drawing(): Drawing | null {
    return this.#drawing;
  }

  /** What is in the middle of the view. */
  get middle(): Position {
    const { lng, lat } = this.#map.getCenter();
    return [lng, lat];
  }

  remove(): void {
    this.stopDrawing();
    this.#map.remove();
  }

  use(palette: Palette, language: LanguageTag): void {
    this.#palette = palette;
    this.#layers = layersOf(palette, language);
    this.#vehicles.usePalette(palette);
    if (this.#ready) restyle(this.#map, this.#layers);
  }

  showFences(fences: readonly FenceFeature[]): void {
    this.#show(FENCES_SOURCE, namedFences(fences));
  }

  /** Vehicles handed to the graphics card. */
  get drawn(): number {
    return this.#ready ? this.#vehicles.drawn : 0;
  }

  /** Where they are, faint; those within the shape that is meant by name. */
  showVehicles(records: readonly Tracked[], within: readonly Tracked[]): void {
    this.#named = within;
    this.#vehicles.show(records, false);
    this.#nameVehicles();
  }

  /** The one that is meant. */
  choose(geometry: GeoJSON.Geometry | null): void {
    this.#show(layers.CHOSEN, collection(geometry));
  }

  /** As somebody else made it meanwhile. */
  showTheirs(geometry: GeoJSON.Geometry | null): void {
    this.#show(layers.THEIRS, collection(geometry));
  }

  /** The shape that is changed, what would be watched, and the point that is meant. */
  showDraft(shape: Shape | null, area: GeoJSON.Geometry | null, at: At | null): void {
    this.#draft = shape;
    this.#at = at;
    const sketch = shape && !this.#drawing ? [sketchOf(shape), ...(area ? [area] : [])] : [];
    // Of a polygon the sketch is what is watched; of a line the area lies around it.
    const shown = shape?.kind === "corridor" ? sketch : sketch.slice(0, 1);
    this.#show(layers.DRAFT, collection(...shown));
    this.#showHandles();
  }

  showFault(place: Position | null): void {
    this.#show(layers.FAULT, collection(place && { type: "Point", coordinates: [...place] }));
    if (place) this.goTo(place);
  }

  /** Where what would have been raised happened. */
  showRaised(places: readonly Position[]): void {
    this.#show(layers.RAISED, collection({ type: "MultiPoint", coordinates: places.map((p) => [...p]) }));
  }

  /** Brings a place into view, unless it is. */
  goTo(place: Position): void {
    const [lon, lat] = place;
    if (this.#map.getBounds().contains([lon, lat])) return;
    this.#map.easeTo({ center: [lon, lat], duration: STILL.matches ? 0 : 300 });
  }

  fit(shape: Shape | null): void {
    const bounds = shape && boundsOf(shape);
    const options = { padding: PADDING_PX, maxZoom: 16, duration: STILL.matches ? 0 : 300 };
    if (bounds) this.#map.fitBounds(bounds, options);
  }

  goHome(): void {
    this.#map.fitBounds(TERRITORY, { padding: 12, duration: STILL.matches ? 0 : 300 });
  }

  zoomBy(levels: number): void {
    this.#map.easeTo({ zoom: this.#map.getZoom() + levels, duration: STILL.matches ? 0 : 200 });
  }

  /** Where a place is on the screen, css px from the map's top left corner. */
  screenPoint([lon, lat]: Position): { x: number; y: number } {
    const { x, y } = this.#map.project([lon, lat]);
    return { x, y };
  }

  async draw(kind: Kind, widthM: number, listening: Listening): Promise<void> {
    const { Drawing } = await import("./drawing");
    this.stopDrawing();
    await this.#loaded();
    this.#drawing = new Drawing(this.#map, this.#palette, kind, widthM, {
      onSketch: listening.onSketch,
      onDone: (drawn) => {
        // The library is still in the middle of telling of it.
        queueMicrotask(() => this.stopDrawing());
        listening.onDone(drawn);
      },
    });
    this.canvas.style.cursor = "crosshair";
  }

  stopDrawing(): void {
    this.#drawing?.stop();
    this.#drawing = null;
    this.canvas.style.cursor = "";
  }

  async #loaded(): Promise<void> {
    if (!this.#ready) await this.#map.once("style.load");
  }

  #onStyle(): void {
    this.#map.addLayer(this.#vehicles, layers.LOWEST);
    this.#ready = true;
    restyle(this.#map, this.#layers);
    for (const [name, data] of this.#data) this.#show(name, data);
  }

  #nameVehicles(): void {
    if (this.#ready) this.#names.show(this.#map, this.#named);
  }

  #show(source: string, data: GeoJSON.GeoJSON): void {
    this.#data.set(source, data);
    if (this.#ready) this.#map.getSource<GeoJSONSource>(source)?.setData(data);
  }

  #showHandles(): void {
    const shape = this.#drawing ? null : this.#draft;
    const { features, crowded } = shape
      ? handlesOf(shape, this.#view(), this.#at)
      : { features: [], crowded: false };
    this.#show(layers.HANDLES, { type: "FeatureCollection", features });
    this.#options.onCrowded(crowded);
  }

  #view(): Box {
    const bounds = this.#map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
  }

  #under(point: Point, layer: string, reach: number): MapGeoJSONFeature | undefined {
    const box: [[number, number], [number, number]] = [
      [point.x - reach, point.y - reach],
      [point.x + reach, point.y + reach],
    ];
    const found = this.#map.queryRenderedFeatures(box, { layers: [layer] });
    // Two near each other: a corner is meant rather than the middle of an edge.
    return found.find(({ properties }) => properties["what"] !== "middle") ?? found[0];
  }

  #onDown(event: PointerEvent): void {
    if (this.#drawing || !this.#draft || !this.#ready) return;
    if ("button" in event.originalEvent && event.originalEvent.button > 0) return;
    const held = this.#under(event.point, layers.HANDLE_LAYER, REACH_PX)?.properties as Held | undefined;
    if (!held) return;
    event.preventDefault(); // the map itself stays where it is
    this.#held = held;
    this.#to = null;
  }

  #onMove(event: PointerEvent): void {
    if (!this.#held || !this.#draft) {
      if (this.#draft && !this.#drawing && this.#ready) {
        const isOver = this.#under(event.point, layers.HANDLE_LAYER, REACH_PX) !== undefined;
        this.canvas.style.cursor = isOver ? "move" : "";
      }
      return;
    }
    this.#to = [event.lngLat.lng, event.lngLat.lat];
    this.#show(layers.DRAGGED, collection(this.#dragged(this.#held, this.#to)));
  }

  #dragged(held: Held, to: Position): GeoJSON.Geometry {
    const draft = this.#draft!;
    if (draft.kind === "circle") {
      const center = held.what === "radius" ? draft.center : to;
      const radiusM = held.what === "radius" ? this.#radiusTo(to) : draft.radiusM;
      return sketchOf({ ...draft, center, radiusM });
    }
    const ends = edgesAt(draft, held, held.what === "middle");
    return { type: "MultiLineString", coordinates: ends.map((end) => [[...end], [...to]]) };
  }

  #radiusTo(to: Position): number {
    const center = this.#draft?.kind === "circle" ? this.#draft.center : null;
    return center ? Math.max(1, Math.round(metresBetween(center, to))) : 1;
  }

  #onUp(): void {
    const [held, to] = [this.#held, this.#to];
    if (!held) return;
    this.#held = this.#to = null;
    this.#show(layers.DRAGGED, collection(null));
    const at = { path: held.path, point: held.point };
    if (to === null) {
      if (held.what === "point") this.#options.onPoint(at);
    } else if (held.what === "radius") this.#options.onRadius(this.#radiusTo(to));
    else if (held.what === "middle") this.#options.onInsert(at, to);
    else this.#options.onMove(at, to);
  }

  #onClick(event: MapMouseEvent): void {
    if (this.#drawing || this.#draft || !this.#ready) return;
    const fence = this.#under(event.point, "fence-area", 2)?.properties["fence"] as unknown;
    if (typeof fence === "string") this.#options.onPick(fence);
  }

  #onMenu(event: MapMouseEvent): void {
    if (this.#drawing || !this.#draft || !this.#ready) return;
    const held = this.#under(event.point, layers.HANDLE_LAYER, REACH_PX)?.properties as Held | undefined;
    if (held?.what === "point") this.#options.onRemove({ path: held.path, point: held.point });
  }
}

function layersOf(palette: Palette, language: LanguageTag): LayerSpecification[] {
  return [...mapLayers(palette, language), ...layers.fenceMapLayers(palette)];
}

function collection(...geometries: (GeoJSON.Geometry | null)[]): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: geometries.flatMap((geometry) =>
      geometry ? [{ type: "Feature" as const, properties: {}, geometry }] : [],
    ),
  };
}
