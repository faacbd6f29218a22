/** What the map of fences has beyond every map's layers. */
import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import type { Palette } from "../look/palette";

const NOTHING: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };
const EMPTY: SourceSpecification = { type: "geojson", data: NOTHING };

export const CHOSEN = "chosen-fence";
export const THEIRS = "their-fence";
export const DRAFT = "draft";
export const DRAGGED = "dragged";
export const HANDLES = "handles";
export const RAISED = "raised";
export const FAULT = "fault";
/** The layer that a pointer takes hold of. */
export const HANDLE_LAYER = "handle";
/** The lowest of them. */
export const LOWEST = "chosen-area";

export const SOURCES: Readonly<Record<string, SourceSpecification>> = Object.fromEntries(
  [CHOSEN, THEIRS, DRAFT, DRAGGED, HANDLES, RAISED, FAULT].map((name) => [name, { ...EMPTY }]),
);

export function fenceMapLayers(palette: Palette): LayerSpecification[] {
  const line = (id: string, source: string, width: number, dash?: number[]): LayerSpecification => ({
    ...{ id, source, type: "line" as const },
    paint: {
      "line-color": palette.focus,
      "line-width": width,
      ...(dash ? { "line-dasharray": dash } : {}),
    },
  });
  const area = (id: string, source: string, opacity: number): LayerSpecification => ({
    ...{ id, source, type: "fill" as const },
    filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "fill-color": palette.focus, "fill-opacity": opacity },
  });
  return [
    area(LOWEST, CHOSEN, 0.12),
    line("chosen-line", CHOSEN, 3),
    {
      ...{ id: "their-line", source: THEIRS, type: "line" },
      paint: { "line-color": palette.alert, "line-width": 2.5, "line-dasharray": [2, 2] },
    },
    area("draft-area", DRAFT, 0.15),
    line("draft-line", DRAFT, 3),
    line("dragged-line", DRAGGED, 2, [2, 2]),
    handleLayer(palette),
    raisedLayer(palette),
    faultLayer(palette),
  ];
}

function handleLayer(palette: Palette): LayerSpecification {
  const isMiddle = ["==", ["get", "what"], "middle"];
  return {
    ...{ id: HANDLE_LAYER, source: HANDLES, type: "circle" },
    paint: {
      "circle-radius": ["case", isMiddle, 4, ["get", "chosen"], 9, 7] as never,
      "circle-color": [
        ...["case", ["get", "chosen"], palette.focus, isMiddle, palette.focus],
        palette["focus-gap"],
      ] as never,
      "circle-opacity": ["case", isMiddle, 0.6, 1] as never,
      "circle-stroke-color": palette.focus,
      "circle-stroke-width": ["case", isMiddle, 0, 2.5] as never,
    },
  };
}

function raisedLayer(palette: Palette): LayerSpecification {
  return {
    ...{ id: "raised", source: RAISED, type: "circle" },
    paint: {
      "circle-radius": 6,
      "circle-color": palette.alert,
      "circle-stroke-color": palette.casing,
      "circle-stroke-width": 1.5,
    },
  };
}

function faultLayer(palette: Palette): LayerSpecification {
  return {
    ...{ id: "fault", source: FAULT, type: "circle" },
    paint: {
      "circle-radius": 14,
      "circle-color": palette.alert,
      "circle-opacity": 0.15,
      "circle-stroke-color": palette.alert,
      "circle-stroke-width": 3,
    },
  };
}
