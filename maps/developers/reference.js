// The reference: every operation of /openapi.json, in both languages as far as the document is.
import { element, worded } from "./elements.js";
import { applyTheme, language, otherLanguage, otherTheme, say, sayAll } from "./words.js";

const CHINESE = "x-summary-zh-Hant";
/** Deeper than this a kind that names itself is not followed. */
const DEEPEST = 4;
const place = (id) => document.getElementById(id);
const last = (path) => path.split("/").at(-1);

let spec = null;
let operations = [];

function resolved(said) {
  if (said.$ref === undefined) return said;
  return said.$ref.slice(2).split("/").reduce((at, name) => at[name], spec);
}

/** A kind in a few words: `string (date-time) | null`, `list of Fence`. */
function kindOf(schema) {
  if (schema.$ref !== undefined) return last(schema.$ref);
  const several = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (several !== undefined) return several.map(kindOf).join(" | ");
  if (schema.enum !== undefined) return schema.enum.map((each) => JSON.stringify(each)).join(" | ");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === "array") return `[${kindOf(schema.items ?? {})}]`;
  return [schema.type ?? "any", schema.format && `(${schema.format})`].filter(Boolean).join(" ");
}

function table(heads, rows, label) {
  const cells = (row) => row.map((each) => element("td", {}, ...[each].flat()));
  const made = element("table", {},
    element("thead", {}, element("tr", {}, ...heads.map((each) => element("th", { scope: "col" }, say(each))))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells(row)))));
  return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": label }, made);
}

/** The members of a kind, and of those that it is made of, each once. */
function kinds(schema, seen = new Set(), depth = 0) {
  if (depth > DEEPEST) return [];
  const parts = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? []), ...(schema.items ? [schema.items] : [])];
  const below = (members) => members.flatMap((each) => kinds(each, seen, depth + 1));
  if (schema.$ref === undefined) return below([...parts, ...Object.values(schema.properties ?? {})]);
  const name = last(schema.$ref);
  if (seen.has(name)) return [];
  seen.add(name);
  const { properties = {}, required = [], description = "", ...rest } = resolved(schema);
  const rows = Object.entries(properties).map(([member, said]) => [
    element("code", {}, member), kindOf(said), say(required.includes(member) ? "needed" : "free"), worded(said.description ?? "")]);
  const heading = element("h4", {}, element("code", {}, name));
  const shown = [heading, element("p", {}, ...worded(description === name ? "" : description))];
  if (rows.length > 0) shown.push(table(["member", "kindOf", "isNeeded", "meaningOf"], rows, name));
  return [...shown, ...below([rest, ...Object.values(properties)])];
}

function parametersOf({ parameters = [] }) {
  if (parameters.length === 0) return [];
  const rows = parameters.map((each) => [
    element("code", {}, each.name), each.in, kindOf(each.schema), say(each.required ? "needed" : "free"),
    worded(each.description ?? each.schema.description ?? "")]);
  return [element("h3", {}, say("parameters")), table(["member", "where", "kindOf", "isNeeded", "meaningOf"], rows, say("parameters"))];
}

function contentOf(title, content = {}) {
  return Object.entries(content).flatMap(([type, { schema = {} }]) => [
    element("h3", {}, `${title} · `, element("code", {}, type), ` · ${kindOf(schema)}`), ...kinds(schema)]);
}

function answersOf({ responses }) {
  const shown = Object.entries(responses).map(([status, said]) => {
    const { description, content = {} } = resolved(said);
    return [status, worded(description), element("code", {}, Object.keys(content).join(", "))];
  });
  const bodies = Object.entries(responses).filter(([status]) => status < "300").flatMap(([status, said]) => contentOf(status, resolved(said).content));
  return [element("h3", {}, say("answers")), table(["status", "meaningOf", "body"], shown, say("answers")), ...bodies];
}

function details({ said }) {
  const about = said.description.split("\n\n").map((each) => element("p", { lang: "en" }, ...worded(each)));
  const body = said.requestBody === undefined ? [] : contentOf(say("body"), resolved(said.requestBody).content);
  return [...about, ...parametersOf(said), ...body, ...answersOf(said)];
}

/** One operation; what is in it is made when it is opened. */
function entry(operation) {
  const { method, path, said } = operation;
  const chinese = language() === "zh-Hant" ? said[CHINESE] : undefined;
  const words = element("span", { lang: chinese === undefined ? "en" : "zh-Hant-HK" }, ...worded(chinese ?? said.summary));
  const head = element("summary", {}, element("span", { class: "method" }, method.toUpperCase()), " ", element("code", {}, path), " ", words);
  const made = element("details", { id: said.operationId }, head);
  made.addEventListener("toggle", () => {
    if (made.open && made.childElementCount === 1) made.append(...details(operation));
  });
  return made;
}

function matches({ method, path, said }, words) {
  const text = [method, path, said.operationId, said.summary, said[CHINESE]].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

function showOperations() {
  const words = place("find").value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = operations.filter((each) => matches(each, words));
  const groups = spec.tags.map((tag) => [tag, found.filter((each) => each.said.tags[0] === tag.name)]).filter(([, those]) => those.length > 0);
  place("found").textContent = say("found", { count: found.length, all: operations.length });
  place("groups").replaceChildren(...groups.map(([tag]) => element("a", { href: `#group-${tag.name}` }, tag.name)));
  place("operations").replaceChildren(...groups.map(([tag, those]) => element("section", { id: `group-${tag.name}`, "aria-labelledby": `title-${tag.name}` },
    element("h2", { id: `title-${tag.name}` }, tag.name), element("p", {}, tag.description), ...those.map(entry))));
}

function showAll() {
  sayAll();
  document.title = say("referenceTitle");
  place("language").textContent = say("other");
  place("theme").textContent = say(`theme_${applyTheme()}`);
  if (spec !== null) showOperations();
}

/** The operation or group that the address names. */
function show() {
  const named = location.hash === "" ? null : place(decodeURIComponent(location.hash.slice(1)));
  if (named instanceof HTMLDetailsElement) named.open = true;
  named?.scrollIntoView();
}

place("language").addEventListener("click", () => { otherLanguage(); showAll(); });
place("theme").addEventListener("click", () => { otherTheme(); showAll(); });
place("find").addEventListener("input", showOperations);
addEventListener("hashchange", show);
showAll();
try {
  spec = await (await fetch("../openapi.json")).json();
  operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, said]) => ({ method, path, said })));
  showOperations();
  show();
} catch {
  place("found").textContent = say("referenceAway");
}
