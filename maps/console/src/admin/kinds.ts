import type { Caller } from "../api/types";
import { audit } from "./kinds/audit";
import { dead } from "./kinds/dead";
import { devices } from "./kinds/devices";
import { keys } from "./kinds/keys";
import { contractors, departments } from "./kinds/named";
import { users } from "./kinds/people";
import { rejects } from "./kinds/rejects";
import { grants, shares } from "./kinds/sharing";
import { subscriptions } from "./kinds/subscriptions";
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
  subscriptions,
  dead,
];

/** Those that a caller's permissions open. */
export function kindsOf(caller: Caller): readonly AnyKind[] {
  return KINDS.filter(({ needs }) => may(caller, needs));
}
