import { expect, test } from "vitest";
import { namedFences } from "./named-fences";

test("each fence has one name, and keeps its area", () => {
  const fences = [0, 1].map((n) => ({
    type: "Feature" as const,
    properties: { kind: "polygon", n },
    geometry: { type: "Polygon" as const, coordinates: [[[0, 0], [4, 0], [4, 4], [0, 0]]] },
  }));
  const kinds = namedFences(fences).features.map(({ geometry }) => geometry.type);
  expect(kinds).toEqual(["Polygon", "Polygon", "Point", "Point"]);
});
