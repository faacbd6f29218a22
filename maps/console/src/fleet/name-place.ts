export type Area = GeoJSON.Polygon | GeoJSON.MultiPolygon;

/** A place within an area: the middle of its longest stretch on the line halfway up, of the widest part. */
export function namePlace(area: Area): [number, number] {
  const parts = area.type === "Polygon" ? [area.coordinates] : area.coordinates;
  const [widest] = parts.map(stretchOf).toSorted((a, b) => b.to - b.from - (a.to - a.from));
  return [(widest!.from + widest!.to) / 2, widest!.lat];
}

interface Stretch {
  from: number;
  to: number;
  lat: number;
}

function stretchOf(rings: readonly GeoJSON.Position[][]): Stretch {
  const lats = rings[0]!.map(([, lat]) => lat!);
  const lat = (Math.min(...lats) + Math.max(...lats)) / 2;
  const crossings = rings.flatMap((ring) => crossingsAt(ring, lat)).toSorted((a, b) => a - b);
  let best: Stretch = { from: rings[0]![0]![0]!, to: rings[0]![0]![0]!, lat: rings[0]![0]![1]! };
  // In at one border, out at the next.
  for (let n = 0; n + 1 < crossings.length; n += 2) {
    const [from, to] = [crossings[n]!, crossings[n + 1]!];
    if (to - from > best.to - best.from) best = { from, to, lat };
  }
  return best;
}

function crossingsAt(ring: readonly GeoJSON.Position[], at: number): number[] {
  const found = [];
  for (let n = 1; n < ring.length; n++) {
    const [[aLon, aLat], [bLon, bLat]] = [ring[n - 1]!, ring[n]!] as [[number, number], [number, number]];
    // A vertex on the line belongs to the edge below it, once.
    if (aLat > at !== bLat > at) found.push(aLon + ((at - aLat) / (bLat - aLat)) * (bLon - aLon));
  }
  return found;
}
