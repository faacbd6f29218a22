import type { Palette } from "../look/palette";

/** Lines of several vehicles: a colour and a dash each, so that neither has to be told alone. */
const COLOURS = ["moving", "fence", "available", "idling", "stopped"] as const;
const DASHES: readonly number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3]];

export function colourOf(palette: Palette, number: number): string {
  return palette[COLOURS[number % COLOURS.length]!];
}

export function dashOf(number: number): number[] {
  return DASHES[Math.floor(number / COLOURS.length) % DASHES.length]!;
}
