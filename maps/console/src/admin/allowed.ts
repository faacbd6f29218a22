/** What roles and permissions are called: the word, beside the form that programs know. */
import type { Permission } from "../api/types";
import { say, sayCode } from "../words/language.svelte";
import type { Choice } from "./scheme";

const PERMISSIONS: readonly Permission[] = [
  "vehicles:read", "vehicles:write", "positions:read", "tracks:read", "layers:read", "duty:write",
  "alerts:read", "alerts:act", "fences:read", "fences:write", "grants:read", "grants:write",
  "shares:write", "subscriptions:read", "subscriptions:write", "devices:read", "devices:admin",
  "departments:admin", "users:admin", "audit:read", "figures:read", "service:read",
];

export const PERMISSION_CHOICES: readonly Choice[] = PERMISSIONS.map((value) => ({
  value,
  word: `permission.${value}`,
  code: value,
}));

/** Nobody is these of one department. */
const EVERYWHERE: readonly string[] = ["platform", "steering"];

/** `dispatcher@FSD`: "Dispatcher FSD"; `dispatcher@*`: "Dispatcher everywhere". */
export function roleText(said: string): string {
  const [code = "", place = ""] = said.split("@");
  const role = sayCode("admin.role", code);
  if (EVERYWHERE.includes(code)) return role;
  return place === "*" ? say("admin.role.everywhere", { role }) : say("admin.role.at", { role, place });
}

export function rolesText(roles: readonly string[]): string {
  return roles.map(roleText).join(say("list.between"));
}

/** A line each, as programs know it behind it. */
export function permissionLines(scopes: readonly string[] | null): string | null {
  return scopes?.map((each) => `${sayCode("permission", each)} (${each})`).join("\n") ?? null;
}
