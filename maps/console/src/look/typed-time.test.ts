import { expect, test } from "vitest";
import { fromField, toField } from "./typed-time";

const NOW = Date.parse("2026-11-23T06:05:30.500Z"); // 14:05:30 in Hong Kong

test("fields are Hong Kong's time", () => {
  expect(toField(NOW)).toBe("2026-11-23 14:05:30");
  expect(fromField("2026-11-22 14:05", NOW)).toBe(Date.parse("2026-11-22T06:05:00Z"));
  expect(fromField(" 9:05:07 ", NOW)).toBe(Date.parse("2026-11-23T01:05:07Z"));
  for (const no of ["", "25:00", "2026-02-31x", "now"]) expect(fromField(no, NOW)).toBeNull();
});
