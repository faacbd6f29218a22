import type { Schemas } from "../api/types";

/** Comma or tab separated values (RFC 4180), also as a spreadsheet puts them on the clipboard. */
export function rowsOf(text: string): string[][] {
  const clean = text.replace(/^\uFEFF/, "");
  const apart = clean.split("\n", 1)[0]!.includes("\t") ? "\t" : ",";
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < clean.length; at++) {
    const sign = clean[at]!;
    if (quoted) {
      if (sign !== '"') cell += sign;
      else if (clean[at + 1] === '"') cell += clean[at++];
      else quoted = false;
    } else if (sign === '"' && cell === "") quoted = true;
    else if (sign === apart || sign === "\n") {
      row.push(cell.trim());
      cell = "";
      if (sign === "\n") {
        rows.push(row);
        row = [];
      }
    } else if (sign !== "\r") cell += sign;
  }
  rows.push([...row, cell.trim()]);
  return rows.filter((each) => each.some((value) => value !== ""));
}

/** The same the other way. A spreadsheet takes what begins so for a formula. */
export function csvOf(rows: readonly (readonly string[])[]): string {
  const cell = (value: string) => {
    const safe = /^[=+@\t\r-]/.test(value) ? `'${value}` : value;
    return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

export type DeviceRow = Schemas["DeviceGiven"];
/** What a table of devices cannot be enrolled for: in which line, and why. */
export interface Fault {
  line: number;
  word: "admin.enrol.no_ref" | "admin.enrol.no_column" | "admin.enrol.twice" | "admin.enrol.too_many";
  value: string;
}

const COLUMNS = ["ref", "department", "vehicle", "mmsi", "since"];
/** As many as the service takes at once. */
const MOST = 500;

/** Devices of a table whose first line names its columns; without one, a ref a line. */
export function devicesOf(text: string, department: string): { devices: DeviceRow[]; faults: Fault[] } {
  const [first = [], ...others] = rowsOf(text);
  const named = first.includes("ref");
  const columns = named ? first : ["ref", "vehicle"];
  const lines = named ? others : first.length > 0 ? [first, ...others] : [];
  const faults: Fault[] = columns
    .filter((column) => !COLUMNS.includes(column))
    .map((value) => ({ line: 1, word: "admin.enrol.no_column", value }));
  const seen = new Set<string>();
  const devices = lines.map((cells, at): DeviceRow => {
    const said = Object.fromEntries(columns.map((column, n) => [column, cells[n] || undefined]));
    const device = { department, ...said, ref: said.ref ?? "", password: true } as DeviceRow;
    const line = at + (named ? 2 : 1);
    const full = `${device.department}/${device.ref}`;
    if (device.ref === "") faults.push({ line, word: "admin.enrol.no_ref", value: "" });
    else if (seen.has(full)) faults.push({ line, word: "admin.enrol.twice", value: full });
    seen.add(full);
    return { ...device, department: device.department || department };
  });
  if (devices.length > MOST) faults.push({ line: MOST + 1, word: "admin.enrol.too_many", value: String(MOST) });
  return { devices, faults };
}
