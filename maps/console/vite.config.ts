import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";
import { viewAssets } from "./view-assets.ts";

export default defineConfig({
  plugins: [svelte(), viewAssets()],
  base: "/",
  // The basemap is fetched by the map's worker as a file, not carried inside the script.
  assetsInclude: ["**/*.geojson"],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // An inlined asset would be a data: address, which the content security policy refuses to fetch.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1400,
    // Without it the build adds an inline-free but needless script for browsers we do not support.
    modulePreload: { polyfill: false },
  },
  test: { include: ["src/**/*.test.ts"], environment: "happy-dom" },
  server: {
    fs: { allow: [".."] },
    proxy: { "/v1": { target: "http://127.0.0.1:8080", ws: true } },
  },
});
