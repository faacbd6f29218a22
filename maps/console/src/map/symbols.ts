/**
 * Which symbol a vehicle gets. Status is a shape as well as a colour, so that nothing is lost to
 * a reader who cannot tell the colours apart; the map and the list draw the same ones.
 */
import type { Motion, Tracked } from "../fleet/fleet.svelte";

/** The number is the one the vehicle layer's shader knows. */
export const SHAPES = {
  arrow: 0,
  diamond: 1,
  square: 2,
  triangle: 3,
  circle: 4,
  hollow: 5,
} as const;
export type Shape = keyof typeof SHAPES;

/** In the order of the shader's list of colours. */
export const STATUS_COLOURS = ["moving", "idling", "stopped", "alert", "silent"] as const;

export type StatusColour = (typeof STATUS_COLOURS)[number];

export interface VehicleSymbol {
  shape: Shape;
  colour: StatusColour;
  /** Not current: the shape keeps its outline only. */
  outlined: boolean;
  ring: "none" | "steady" | "pulsing";
}

export function symbolOf(record: Tracked): VehicleSymbol {
  const { freshness, severity } = record;
  const ring = severity === "critical" ? "pulsing" : severity === "warning" ? "steady" : "none";
  const [shape, colour] = figureOf(record);
  return { shape, colour, outlined: freshness !== "fresh", ring };
}

type Figure = readonly [Shape, StatusColour];

const CRITICAL: Figure = ["triangle", "alert"];
const SILENT: Figure = ["hollow", "silent"];
const MOTIONS: Record<Motion, Figure> = {
  moving: ["arrow", "moving"],
  idling: ["diamond", "idling"],
  stopped: ["square", "stopped"],
  unknown: ["circle", "silent"],
};
/** An arrow that points nowhere in particular would be a lie. */
const MOVING_SOMEWHERE: Figure = ["circle", "moving"];

function figureOf({ position, freshness, severity }: Tracked): Figure {
  if (severity === "critical") return CRITICAL;
  if (!position || freshness === "silent") return SILENT;
  if (position.motion === "moving" && position.directionDeg === null) return MOVING_SOMEWHERE;
  return MOTIONS[position.motion];
}
