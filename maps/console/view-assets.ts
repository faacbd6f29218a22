import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);

/** What pages beside the console are made of (maps/views, share), by the name in `static/views`. */
const FILES = {
  "leaflet.js": "leaflet/dist/leaflet.js",
  "leaflet.css": "leaflet/dist/leaflet.css",
  "leaflet-heat.js": "leaflet.heat/dist/leaflet-heat.js",
};

/** A page that stands alone must name no other file: no source map, no image, no link of the maker's. */
function aloneStanding(text: string): string {
  return text
    .replace(/\n?\/\/# sourceMappingURL=.*$/m, "")
    .replace(/url\((?:images\/[^)]*|#default#VML)\)/g, "none")
    .replace(/prefix:'<a href="https:\/\/leafletjs\.com"/, "prefix:'<a");
}

export function viewAssets(): Plugin {
  return {
    name: "view-assets",
    apply: "build",
    generateBundle() {
      for (const [name, path] of Object.entries(FILES)) {
        const source = aloneStanding(readFileSync(require.resolve(path), "utf8"));
        this.emitFile({ type: "asset", fileName: `views/${name}`, source });
      }
    },
  };
}
