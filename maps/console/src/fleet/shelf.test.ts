import { expect, test } from "vitest";
import type { Alert, Severity } from "../api/types";
import { Shelf } from "./shelf.svelte";

function alert(id: string, severity: Severity, minute: number, state: Alert["state"] = "open"): Alert {
  const opened_at = new Date(minute * 60_000).toISOString();
  return { id, severity, state, opened_at } as Alert;
}

test("the worst comes first, and of equals the one that has waited longest", () => {
  const shelf = new Shelf("open");
  shelf.replace({
    alerts: [alert("new info", "info", 9), alert("new", "critical", 8), alert("old", "critical", 1), alert("old info", "info", 0)],
    next: null,
  });
  shelf.merge([alert("middle", "warning", 5), alert("old info", "info", 0, "acknowledged")]);
  expect(shelf.rows.map(({ id }) => id)).toEqual(["old", "new", "middle", "new info"]);
});

test("of closed ones the newest comes first", () => {
  const shelf = new Shelf("closed");
  shelf.replace({ alerts: [alert("old", "critical", 1, "closed"), alert("new", "info", 2, "closed")], next: null });
  expect(shelf.rows.map(({ id }) => id)).toEqual(["new", "old"]);
});

test("where not all can be kept, it is the oldest and mildest that go, and they can be fetched again", () => {
  const shelf = new Shelf("open");
  const many = Array.from({ length: 1000 }, (_, i) => alert(`info ${i}`, "info", i + 1));
  shelf.replace({ alerts: [alert("critical", "critical", 0), ...many], next: null });
  expect(shelf.rows).toHaveLength(1000);
  expect([shelf.rows[0]!.id, shelf.rows.some(({ id }) => id === "info 0")]).toEqual(["critical", false]);
  expect(shelf.next).toBe("/v1/alerts?state=open&before=info 1");
});
