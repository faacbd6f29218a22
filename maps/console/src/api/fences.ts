import type { Definition, Position } from "../fences/shape";
import { atRef, http, the, unguessed } from "./http";
import type { FenceProperties, Name, Schemas } from "./types";

export type FenceFeature = GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon, FenceProperties>;
export type FenceVersion = Schemas["FenceVersion"];
export type Group = Schemas["Group"];
/** A fence as it is to be; `geometry` counts where neither circle nor corridor is given. */
export type FenceGiven = {
  definition: Definition;
  department: string;
  ref: string;
  name: Name;
  description: Name;
  valid_from: string | null;
  valid_until: string | null;
  why: string | null;
};

/** Null of the grid: it does not reach there. */
interface Converted {
  degrees: (Position | null)[];
  grid: (Position | null)[];
}

function bodyOf({ definition, ...said }: FenceGiven): Schemas["FenceGiven"] {
  const { geometry = null, circle = null, corridor = null } = definition;
  return { type: "Feature", geometry, properties: { ...said, circle, corridor } };
}

function feature(answer: Schemas["FenceFeature"]): FenceFeature {
  return answer as unknown as FenceFeature;
}

const once = () => ({ "Idempotency-Key": unguessed() });
/** Only as it was when it was read. */
const at = (revision: number) => ({ "If-Match": `"${revision}"` });

/** What the screen of fences asks of the service. */
export const fencesApi = {
  all: async () => {
    const query = { state: "all" as const };
    const { features } = await the(http.GET("/v1/fences", { params: { query } }));
    return features.map(feature);
  },
  one: async (fence: string) =>
    feature(await the(http.GET("/v1/fences/{department}/{ref}", { params: atRef(fence) }))),
  make: async (given: FenceGiven) =>
    feature(
      await the(http.POST("/v1/fences", { params: { header: once() }, body: bodyOf(given) })),
    ),
  replace: async (fence: string, revision: number, given: FenceGiven) =>
    feature(
      await the(
        http.PUT("/v1/fences/{department}/{ref}", {
          params: { ...atRef(fence), header: at(revision) },
          body: bodyOf(given),
        }),
      ),
    ),
  end: async (fence: string, revision: number, why: string) =>
    feature(
      await the(
        http.DELETE("/v1/fences/{department}/{ref}", {
          params: { ...atRef(fence), header: at(revision), query: { why } },
        }),
      ),
    ),
  versions: async (fence: string) =>
    (await the(http.GET("/v1/fences/{department}/{ref}/versions", { params: atRef(fence) })))
      .versions,
  shares: async (fence: string) =>
    (await the(http.GET("/v1/fences/{department}/{ref}/shares", { params: atRef(fence) }))).shares,
  share: async (fence: string, to: string, until: string | null, why: string) =>
    (
      await the(
        http.POST("/v1/fences/{department}/{ref}/shares", {
          params: { ...atRef(fence), header: once() },
          body: { to, until, why },
        }),
      )
    ).shares,
  unshare: async (fence: string, to: string, why: string) => {
    const { path } = atRef(fence);
    const params = { path: { ...path, to }, query: { why } };
    return (await the(http.DELETE("/v1/fences/{department}/{ref}/shares/{to}", { params }))).shares;
  },
  groups: async () => (await the(http.GET("/v1/fence-groups"))).groups,
  vehicleGroups: async () => (await the(http.GET("/v1/vehicle-groups"))).groups,
  join: (group: string, ref: string) =>
    the(
      http.POST("/v1/fence-groups/{department}/{ref}/members", {
        params: { ...atRef(group), header: once() },
        body: { members: [ref] },
      }),
    ),
  leave: (group: string, ref: string) => {
    const { path } = atRef(group);
    return the(
      http.DELETE("/v1/fence-groups/{department}/{ref}/members/{member}", {
        params: { path: { ...path, member: ref } },
      }),
    );
  },
  /** Whether a shape can be watched: the area, or a Problem that says why not and where. */
  judge: async (definition: Definition) =>
    (await the(http.POST("/v1/drafts/shape", { body: definition }))).geometry as unknown as
      | GeoJSON.Polygon
      | GeoJSON.MultiPolygon,
  /** The same positions in degrees and in HK1980 Grid. */
  convert: async (positions: readonly Position[], crs: "CRS84" | "EPSG:2326") =>
    (await the(
      http.POST("/v1/drafts/positions", {
        params: { query: { crs } },
        body: { positions: positions.map(([x, y]): [number, number] => [x, y]) },
      }),
    )) as unknown as Converted,
};

export type Share = Awaited<ReturnType<typeof fencesApi.shares>>[number];
