import { atRef, http, the } from "./http";
import type { ConsoleFacts, NearVehicle, Place } from "./types";

/** A vehicle near a place, and where it was when that was asked. */
export interface Near extends NearVehicle {
  lon: number;
  lat: number;
}

/** What the live screen asks beside the picture itself. */
export const liveApi = {
  console: (): Promise<ConsoleFacts> => the(http.GET("/v1/console")),
  applications: async () => (await the(http.GET("/v1/applications"))).applications,
  /** Every place that a text may mean, the likeliest first. */
  places: async (text: string): Promise<Place[]> =>
    (await the(http.GET("/v1/places", { params: { query: { text } } }))).places,
  /** The nearest that can do all of `capabilities`, as the crow flies. */
  near: async (
    { lon, lat }: { lon: number; lat: number },
    k: number,
    capabilities: readonly string[],
  ): Promise<Near[]> => {
    const query = { place: `${lon},${lat}`, k, capability: [...capabilities] };
    const { features } = await the(http.GET("/v1/near", { params: { query } }));
    return features.flatMap(({ geometry, properties }) => {
      const [lon, lat] = geometry?.coordinates ?? [];
      return lon === undefined || lat === undefined ? [] : [{ ...properties, lon, lat }];
    });
  },
  /** Metres within which the vehicle's last fix is right; null where its receiver does not say. */
  accuracyM: async (vehicle: string): Promise<number | null> => {
    const asked = http.GET("/v1/vehicles/{department}/{ref}", { params: atRef(vehicle) });
    return (await the(asked)).position?.properties.accuracy_m ?? null;
  },
};
