import { expect, test } from "vitest";
import { build } from "./build.svelte";

test("a page is old only where the service names what it did not load", () => {
  document.head.innerHTML =
    '<script type="module" src="/assets/index-A.js"></script>' +
    '<link rel="modulepreload" href="/assets/shared-A.js"><link rel="stylesheet" href="/assets/index-A.css">';
  build.isServed(["/assets/index-A.js", "/assets/shared-A.js", "/assets/index-A.css"]);
  expect(build.newer).toBe(false);
  build.isServed(["/assets/index-B.js", "/assets/shared-A.js", "/assets/index-A.css"]);
  expect(build.newer).toBe(true);
});
