import { fencesApi } from "../api/fences";
import type { Crs } from "./read-shape";
import { rounded, type Position } from "./shape";

/** Metres of the grid to the centimetre, degrees to the same. */
const DIGITS: Record<Crs, number> = { CRS84: 7, "EPSG:2326": 2 };

/** Positions as the table writes them: in degrees, or in HK1980 Grid as the service converts them. */
export class Positions {
  #known = $state.raw<ReadonlyMap<Position, Position | null>>(new Map());
  #asking = false;
  #failure = $state.raw<unknown>(null);

  get failure(): unknown {
    return this.#failure;
  }

  /** First the number that people write first: latitude, or easting. Empty while it is not known. */
  written(position: Position, crs: Crs): readonly [string, string] {
    const said = crs === "CRS84" ? position : this.#known.get(position);
    if (!said) return ["", ""];
    const [x, y] = said.map((n) => String(Number(n.toFixed(DIGITS[crs])))) as [string, string];
    return crs === "CRS84" ? [y, x] : [x, y];
  }

  /** Has the service convert those that it was not asked for. */
  async need(positions: readonly Position[]): Promise<void> {
    const missing = positions.filter((position) => !this.#known.has(position));
    if (missing.length === 0 || this.#asking) return;
    this.#asking = true;
    try {
      const { grid } = await fencesApi.convert(missing, "CRS84");
      const found = missing.map((one, i): [Position, Position | null] => [one, grid[i] ?? null]);
      this.#known = new Map([...this.#known, ...found]);
      this.#failure = null;
    } catch (error) {
      this.#failure = error;
    } finally {
      this.#asking = false;
    }
  }

  /** The place that two numbers say; throws the service's Problem. */
  async read(first: number, second: number, crs: Crs): Promise<Position> {
    if (crs === "CRS84") return rounded([second, first]);
    return (await this.readAll([[first, second]], crs))[0]!;
  }

  /** The same of many, x before y. */
  async readAll(positions: readonly Position[], crs: Crs): Promise<Position[]> {
    if (crs === "CRS84") return positions.map(rounded);
    const { degrees } = await fencesApi.convert(positions, crs);
    return degrees.flatMap((one) => (one ? [one] : []));
  }
}
