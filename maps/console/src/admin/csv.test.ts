import { expect, test } from "vitest";
import { csvOf, devicesOf, rowsOf } from "./csv";

test("a table is read as spreadsheets write it", () => {
  expect(rowsOf('\uFEFFref,vehicle\r\n"a, ""b""","x\ny"\r\n\r\nc,\n')).toEqual([
    ["ref", "vehicle"],
    ['a, "b"', "x\ny"],
    ["c", ""],
  ]);
  expect(rowsOf("ref\tvehicle\na\tb")).toEqual([
    ["ref", "vehicle"],
    ["a", "b"],
  ]);
  expect(rowsOf(" \n ")).toEqual([]);
});

test("what is written is read again, and is no formula", () => {
  const rows = [
    ["name", 'say "hi", you'],
    ["two\nlines", ""],
  ];
  expect(rowsOf(csvOf(rows))).toEqual(rows);
  expect(csvOf([["=1+1", "-x"]])).toBe("'=1+1,'-x\r\n");
});

test("devices by the names of columns, or a ref a line", () => {
  expect(devicesOf("ref,vehicle,mmsi\nb-1,V-1,\nb-2,,477123456", "FSD").devices).toEqual([
    { department: "FSD", ref: "b-1", vehicle: "V-1", mmsi: undefined, password: true },
    { department: "FSD", ref: "b-2", vehicle: undefined, mmsi: "477123456", password: true },
  ]);
  expect(devicesOf("b-1\nb-2,V-2", "FSD").devices.map(({ ref, vehicle }) => [ref, vehicle])).toEqual([
    ["b-1", undefined],
    ["b-2", "V-2"],
  ]);
});

test("a fault says its line", () => {
  const { faults } = devicesOf("ref,colour\nb-1,red\n,blue\nb-1,green", "FSD");
  expect(faults).toEqual([
    { line: 1, word: "admin.enrol.no_column", value: "colour" },
    { line: 3, word: "admin.enrol.no_ref", value: "" },
    { line: 4, word: "admin.enrol.twice", value: "FSD/b-1" },
  ]);
  const many = Array.from({ length: 501 }, (_, n) => `b-${n}`).join("\n");
  expect(devicesOf(many, "FSD").faults).toHaveLength(1);
});
