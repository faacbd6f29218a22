/** An operator's PMTiles file, read from the service by ranges. Fetched when there is one. */
import { addProtocol, type LayerSpecification, type SourceSpecification } from "maplibre-gl";
import { PMTiles, Protocol, TileType } from "pmtiles";
import type { Palette } from "../look/palette";

const protocol = new Protocol();
addProtocol("pmtiles", protocol.tile);

interface OwnFile {
  source: SourceSpecification;
  /** None: it holds pictures. */
  layers: LayerSpecification[];
}

/** Rejects what is no such file. */
export async function openFile(address: string, id: string, palette: Palette): Promise<OwnFile> {
  const file = new PMTiles(address);
  const { tileType } = await file.getHeader();
  protocol.add(file);
  const url = `pmtiles://${address}`;
  if (tileType !== TileType.Mvt) return { source: { type: "raster", url, tileSize: 256 }, layers: [] };
  const { vector_layers: named = [] } = (await file.getMetadata()) as {
    vector_layers?: { id: string }[];
  };
  const layers = named.flatMap((each) => layersOf(each.id, id, palette));
  return { source: { type: "vector", url }, layers };
}

function layersOf(name: string, source: string, palette: Palette): LayerSpecification[] {
  const of = { source, "source-layer": name } as const;
  return [
    {
      id: `${source} ${name} areas`,
      type: "fill",
      ...of,
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": palette.shore, "fill-opacity": 0.25 },
    },
    {
      id: `${source} ${name} lines`,
      type: "line",
      ...of,
      filter: ["==", ["geometry-type"], "LineString"],
      paint: { "line-color": palette.control, "line-width": ["interpolate", ["linear"], ["zoom"], 9, 0.4, 16, 3] },
    },
  ];
}
