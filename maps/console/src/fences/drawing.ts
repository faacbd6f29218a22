/** Drawing a new shape by mouse or finger. Fetched by who draws: nobody else needs its library. */
import type { Map as MapLibreMap } from "maplibre-gl";
import {
  TerraDraw,
  TerraDrawCircleMode,
  TerraDrawLineStringMode,
  TerraDrawModeUndoRedo,
  TerraDrawPolygonMode,
  type GeoJSONStoreFeatures,
  type HexColor,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import type { Palette } from "../look/palette";
import { metresBetween, rounded, type Kind, type Position, type Shape } from "./shape";

const MODES: Record<Kind, string> = { polygon: "polygon", circle: "circle", corridor: "linestring" };
/** How near to the first point a click closes the ring, css px. */
const CLOSING_PX = 14;

export interface Listening {
  /** What is there so far. */
  onSketch(drawn: Position[]): void;
  onDone(drawn: Shape): void;
}

/** One shape while it is drawn: click by click, Enter or the first point again ends it. */
export class Drawing {
  readonly #draw: TerraDraw;

  constructor(
    map: MapLibreMap,
    palette: Palette,
    readonly kind: Kind,
    widthM: number,
    listening: Listening,
  ) {
    this.#draw = new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map, coordinatePrecision: 7 }),
      modes: modesIn(palette),
      undoRedo: { modeLevel: new TerraDrawModeUndoRedo() },
    });
    this.#draw.start();
    this.#draw.setMode(MODES[kind]);
    this.#draw.on("change", () => listening.onSketch(this.#sofar()));
    this.#draw.on("finish", (id) => {
      const feature = this.#draw.getSnapshotFeature(id);
      if (feature) listening.onDone(shapeDrawn(kind, feature, widthM));
    });
  }

  get canUndo(): boolean {
    return this.#draw.canUndo();
  }

  get canRedo(): boolean {
    return this.#draw.canRedo();
  }

  undo(): void {
    this.#draw.undo();
  }

  redo(): void {
    this.#draw.redo();
  }

  stop(): void {
    if (this.#draw.enabled) this.#draw.stop();
  }

  #sofar(): Position[] {
    const mode = MODES[this.kind];
    const drawn = this.#draw.getSnapshot().find(({ properties }) => properties["mode"] === mode);
    const count = drawn?.properties["committedCoordinateCount"];
    if (!drawn || typeof count !== "number") return [];
    return positionsOf(drawn).slice(0, count);
  }
}

function positionsOf({ geometry }: GeoJSONStoreFeatures): Position[] {
  const of = geometry.type === "Polygon" ? geometry.coordinates[0]! : geometry.coordinates;
  return (of as number[][]).map(([lon, lat]) => rounded([lon!, lat!]));
}

function shapeDrawn(kind: Kind, feature: GeoJSONStoreFeatures, widthM: number): Shape {
  const positions = positionsOf(feature);
  if (kind === "corridor") return { kind, line: positions, eachSideM: widthM };
  const ring = positions.slice(0, -1);
  if (kind === "polygon") return { kind, parts: [[ring]] };
  const mean = (axis: 0 | 1): number => ring.reduce((sum, p) => sum + p[axis], 0) / ring.length;
  const center = rounded([mean(0), mean(1)]);
  return { kind, center, radiusM: Math.max(1, Math.round(metresBetween(center, ring[0]!))) };
}

function modesIn(palette: Palette) {
  const [ink, paper] = [palette.focus as HexColor, palette["focus-gap"] as HexColor];
  const area = { fillColor: ink, fillOpacity: 0.15, outlineColor: ink, outlineWidth: 3 };
  const closing = {
    closingPointColor: paper,
    closingPointWidth: 7,
    closingPointOutlineColor: ink,
    closingPointOutlineWidth: 3,
  };
  const points = {
    coordinatePointColor: paper,
    coordinatePointOutlineColor: ink,
    coordinatePointOutlineWidth: 2,
    coordinatePointWidth: 5,
  };
  const common = { pointerDistance: CLOSING_PX, showCoordinatePoints: true };
  return [
    new TerraDrawPolygonMode({ ...common, styles: { ...area, ...closing, ...points } }),
    new TerraDrawCircleMode({ pointerDistance: CLOSING_PX, styles: area }),
    new TerraDrawLineStringMode({
      ...common,
      styles: { lineStringColor: ink, lineStringWidth: 3, ...closing, ...points },
    }),
  ];
}
