import { expect, test, vi } from "vitest";
import { addressOf, screen } from "./screen.svelte";
import type { Caller, Permission } from "./api/types";
import { screensOf, SCREENS } from "./screens";

test("an address says the screen and what it is about", () => {
  expect(addressOf("live")).toBe("#/live");
  expect(addressOf("live", { vehicle: "FSD/AMB-1" })).toBe("#/live?vehicle=FSD%2FAMB-1");
});

test("going and the browser's own going end at the same place", async () => {
  screen.go("alerts");
  expect(screen.now).toBe("alerts");
  screen.go("live", { vehicle: "FSD/AMB-1" });
  expect([screen.now, screen.about.get("vehicle")]).toEqual(["live", "FSD/AMB-1"]);
  location.hash = "#/alerts";
  await vi.waitFor(() => expect(screen.now).toBe("alerts"));
  location.hash = "#/no-such-screen";
  await vi.waitFor(() => expect(screen.now).toBe("live"));
});

test("nobody is shown a screen that their roles do not open", () => {
  const having = (...permissions: Permission[]) => ({ permissions }) as unknown as Caller;
  expect(screensOf(having())).toEqual([]);
  expect(screensOf(having("alerts:read")).map(({ name }) => name)).toEqual(["alerts"]);
});

test("every screen has a key of its own", () => {
  expect(new Set(SCREENS.map(({ key }) => key)).size).toBe(SCREENS.length);
});
