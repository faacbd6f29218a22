/** The base map that lies over the built-in one, on every map; where it does not come, that shows. */
import type { LayerSpecification, Map as MapLibreMap, SourceSpecification } from "maplibre-gl";
import type { Basemap } from "../api/types";
import type { ThemeName } from "../look/palette";
import { PALETTES } from "../look/palette";
import { theme } from "../look/theme.svelte";
import { language, type LanguageTag } from "../words/language.svelte";
import { basemaps } from "./basemaps.svelte";

const GROUND = "ground";
/** The first layer that lies on the ground. */
const ABOVE = "fence-area";
/** Its own names would stand twice. */
const BUILT_IN_NAMES = "district-names";
/** So many tiles in a row that do not come are no accident. */
const ENOUGH_FAILED = 3;
const TRY_AGAIN_MS = 10_000;
/** A tile in the middle of Hong Kong. */
const TRIED = { z: 11, x: 1673, y: 893 };

/** Lays it on a map and keeps it true to what is chosen, until the map is removed. */
export function layGround(map: MapLibreMap): void {
  const ground = new Ground(map);
  map.on("style.load", () => ground.onStyle());
  const stop = $effect.root(() => {
    $effect(() => ground.show(basemaps.shown, language.tag, theme.name));
    $effect(() => (basemaps.isAway ? tryAgain(basemaps.wanted!) : undefined));
  });
  map.on("remove", stop);
}

/** Asks now and then whether its tiles come again. */
function tryAgain(wanted: Basemap): () => void {
  const timer = setInterval(() => void ask(), TRY_AGAIN_MS);
  async function ask(): Promise<void> {
    // Nobody answered: that is what is being waited for.
    const answer = await fetch(addressOf(wanted.tiles, TRIED)).catch(() => null);
    if (answer?.ok) basemaps.answers(wanted.id, true);
  }
  return () => clearInterval(timer);
}

function addressOf(template: string, place: Record<string, number>): string {
  return template.replace(/\{([xyz])\}/g, (_, name: string) => String(place[name]));
}

class Ground {
  #ready = false;
  #layers: string[] = [];
  #sources: string[] = [];
  #failed = 0;
  #last: [Basemap | null, LanguageTag, ThemeName] = [null, "en", "light"];
  readonly #notice = notice();

  constructor(private readonly map: MapLibreMap) {
    map.addControl({ onAdd: () => this.#notice, onRemove: () => this.#notice.remove() }, "bottom-right");
    map.on("error", (event) => this.#onError(event as unknown as { sourceId?: string }));
    map.on("data", (event) => {
      const { sourceId, tile } = event as { sourceId?: string; tile?: { state?: string } };
      if (sourceId?.startsWith(GROUND) && tile?.state === "loaded") this.#failed = 0;
    });
  }

  onStyle(): void {
    this.#ready = true;
    [this.#layers, this.#sources] = [[], []];
    this.show(...this.#last);
  }

  show(wanted: Basemap | null, tag: LanguageTag, themeName: ThemeName): void {
    this.#last = [wanted, tag, themeName];
    if (!this.#ready) return;
    this.#clear();
    fillNotice(this.#notice, wanted, tag);
    this.map.setLayoutProperty(BUILT_IN_NAMES, "visibility", wanted ? "none" : "visible");
    if (!wanted) return;
    if (wanted.kind === "pmtiles") void this.#layFile(wanted, themeName);
    else this.#layPictures(wanted, tag, themeName);
  }

  #clear(): void {
    for (const id of this.#layers) this.map.removeLayer(id);
    for (const id of this.#sources) this.map.removeSource(id);
    [this.#layers, this.#sources, this.#failed] = [[], [], 0];
  }

  #layPictures(wanted: Basemap, tag: LanguageTag, themeName: ThemeName): void {
    const labels = wanted.labels[tag];
    for (const [id, tiles] of Object.entries({ [GROUND]: wanted.tiles, [`${GROUND}-names`]: labels })) {
      if (!tiles) continue;
      const { min_zoom: minzoom, max_zoom: maxzoom } = wanted;
      this.#add(id, { type: "raster", tiles: [absolute(tiles)], tileSize: 256, minzoom, maxzoom }, [
        picture(id, themeName),
      ]);
    }
  }

  /** Pictures, or shapes of any kind, drawn as lines and areas: whoever made the file named them. */
  async #layFile(wanted: Basemap, themeName: ThemeName): Promise<void> {
    const { openFile } = await import("./own-file");
    try {
      const { source, layers } = await openFile(absolute(wanted.tiles), GROUND, PALETTES[themeName]);
      if (this.#last[0] !== wanted || this.#last[2] !== themeName || this.#layers.length > 0) return;
      this.#add(GROUND, source, layers.length > 0 ? layers : [picture(GROUND, themeName)]);
    } catch {
      basemaps.answers(wanted.id, false); // its reason stands in the browser's log of requests
    }
  }

  #add(id: string, source: SourceSpecification, layers: LayerSpecification[]): void {
    this.map.addSource(id, source);
    this.#sources.push(id);
    for (const layer of layers) {
      this.map.addLayer(layer, ABOVE);
      this.#layers.push(layer.id);
    }
  }

  #onError({ sourceId }: { sourceId?: string }): void {
    const shown = this.#last[0];
    if (!sourceId?.startsWith(GROUND) || !shown) return;
    this.#failed += 1;
    if (this.#failed >= ENOUGH_FAILED) basemaps.answers(shown.id, false);
  }
}

function absolute(address: string): string {
  return address.startsWith("/") ? location.origin + address : address;
}

function picture(id: string, themeName: ThemeName): LayerSpecification {
  const night = { "raster-brightness-max": 0.5, "raster-saturation": -0.5 };
  const paint = { "raster-fade-duration": 0, ...(themeName === "dark" ? night : {}) };
  return { id, type: "raster", source: id, paint };
}

function notice(): HTMLElement {
  const made = document.createElement("p");
  made.className = "maplibregl-ctrl ground-notice";
  made.dataset["testid"] = "ground-notice";
  return made;
}

/** Who made the map, on its face, as the terms of the makers ask. */
function fillNotice(into: HTMLElement, wanted: Basemap | null, tag: LanguageTag): void {
  const words = wanted ? wanted.attribution[tag] || wanted.attribution.en : "";
  into.hidden = words === "";
  into.lang = tag === "en" ? "en" : "zh-Hant-HK";
  if (!wanted?.terms) return into.replaceChildren(words);
  const link = document.createElement("a");
  link.href = wanted.terms;
  link.target = "_blank";
  link.rel = "noreferrer";
  link.textContent = words;
  into.replaceChildren(link);
}

