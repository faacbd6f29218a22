import { readSlice, type Slice } from "../playback/slice";
import { http, the } from "./http";
import type { Schemas, Vehicle } from "./types";

/** Trips, stops, gaps and crossings of one vehicle. */
export type Marks = Schemas["Marks"];
export type Trip = Schemas["Trip"];
export type PlayedAlert = Schemas["PlayedAlert"];
/** Every shape that a fence had in a window, and when. */
export type PlayedFences = Schemas["PlayedFences"];

/** Vehicles by full ref; none: all that the caller sees. */
export interface Window {
  vehicles: readonly string[];
  fromMs: number;
  toMs: number;
}

export interface Thinning {
  tolerance_m: number;
  step_s: number;
}

/** What playback asks of the service: history, so each request says what for. */
export const playback = {
  slice: async (window: Window, how: Thinning, purpose: string, signal: AbortSignal): Promise<Slice> => {
    const query = { ...inQuery(window), ...how, format: "binary" as const };
    const params = { query, header: header(purpose) };
    const { data } = await http.GET("/v1/playback", { params, signal, parseAs: "arrayBuffer" });
    return readSlice(data as ArrayBuffer);
  },
  marks: (window: Window, purpose: string) =>
    the(http.GET("/v1/playback/marks", { params: { query: inQuery(window), header: header(purpose) } })),
  alerts: (window: Window, purpose: string) =>
    the(http.GET("/v1/playback/alerts", { params: { query: inQuery(window), header: header(purpose) } })),
  fences: ({ fromMs, toMs }: Window): Promise<PlayedFences> => {
    const { from, to } = inQuery({ vehicles: [], fromMs, toMs });
    return the(http.GET("/v1/playback/fences", { params: { query: { from, to } } }));
  },
  /** Also those that are no more, but were then. */
  vehicles: async (fromMs: number): Promise<Vehicle[]> => {
    const query = { retired_after: new Date(fromMs).toISOString() };
    return (await the(http.GET("/v1/vehicles", { params: { query } }))).vehicles;
  },
};

function inQuery({ vehicles, fromMs, toMs }: Window) {
  const times = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  return vehicles.length === 0 ? times : { ...times, vehicle: [...vehicles] };
}

/** Headers are Latin-1; the service reads percent-encoded ones. */
function header(purpose: string) {
  return { "Milepost-Purpose": encodeURIComponent(purpose) };
}
