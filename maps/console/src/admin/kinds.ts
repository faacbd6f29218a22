import type { Caller } from "../api/types";
import { devices } from "./kinds/devices";
import { audit, rejects } from "./kinds/looking";
import { contractors, departments } from "./kinds/named";
import { keys, users } from "./kinds/people";
import { grants, shares } from "./kinds/sharing";
import { vehicles } from "./kinds/vehicles";
import { type AnyKind, may } from "./scheme";

/** The tabs in their order. One more kind of thing is a description in `kinds/` and a word here. */
export const KINDS: readonly AnyKind[] = [
  vehicles,
  devices,
  rejects,
  contractors,
  departments,
  users,
  grants,
  shares,
  keys,
  audit,
];

/** Those that a caller's permissions open. */
export function kindsOf(caller: Caller): readonly AnyKind[] {
  return KINDS.filter(({ needs }) => may(caller, needs));
}
