// The developers' portal: keys, usage, examples, problems. What is shown goes in as text, never as HTML.
import { applyTheme, language, otherLanguage, otherTheme, say, sayAll } from "./words.js";
import { element } from "./elements.js";
import { filledIn, LANGUAGES } from "./examples.js";

const ROLES = ["dispatcher", "manager", "administrator", "engineer", "auditor"];
const EVERYWHERE = ["platform", "steering"];
const DAYS = 30;
const place = (id) => document.getElementById(id);

let me = null;
let keys = [];
let usage = [];
let examples = [];
let problems = [];
let told = null;
let program = "sh";
/** The text of the key that was made here: on this page and nowhere else. */
let made = null;

const may = (permission) => me !== null && me.permissions.includes(permission);
const named = (name) => name[language()] || name.en || name["zh-Hant"];
const when = (text) =>
  new Intl.DateTimeFormat(language() === "en" ? "en-HK" : "zh-HK", { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

async function ask(path, options = {}) {
  const headers = { "Accept-Language": language() === "en" ? "en" : "zh-HK" };
  if (options.method !== undefined) {
    headers["X-CSRF-Token"] = me.csrf ?? "";
    headers["Content-Type"] = "application/json";
  }
  return fetch(`../v1/${path}`, { ...options, headers });
}

/** What was answered, or why not, as a sentence for people. */
async function answered(path, options, refusal) {
  try {
    const answer = await ask(path, options);
    const body = await answer.json();
    if (answer.ok) return { body };
    const errors = (body.errors ?? []).map((each) => `${each.at.at(-1)}: ${each.detail}`);
    return { refused: say(refusal, { detail: [body.title, body.detail, ...errors].join(" · ") }) };
  } catch {
    return { refused: say("away") };
  }
}

function table(target, heads, rows) {
  const cells = (row, kind) => row.map((each) => element(kind, kind === "th" ? { scope: "col" } : {}, each));
  target.replaceChildren(
    element("thead", {}, element("tr", {}, ...cells(heads, "th"))),
    element("tbody", {}, ...rows.map((row) => (row instanceof Node ? row : element("tr", {}, ...cells(row, "td"))))),
  );
  target.hidden = rows.length === 0;
}

function copyButton(text) {
  const button = element("button", { type: "button" }, say("copy"));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text());
    button.textContent = say("copied");
  });
  return button;
}

function showWho() {
  const who = place("who");
  if (me === null) {
    who.replaceChildren(`${say("nobody")} `, element("a", { href: "../" }, say("signIn")));
    return;
  }
  const departments = me.platform ? say("everywhere") : me.departments.map((each) => named(each.name)).join(", ");
  who.textContent = say("signedIn", { label: me.label, departments });
}

function keyState(key) {
  if (key.revoked_at !== null) return element("span", { class: "ended" }, say("ended"));
  if (Date.parse(key.expires_at) < Date.now()) return element("span", { class: "ended" }, say("expired"));
  const button = element("button", { type: "button", "aria-label": `${say("end")} ${key.key}` }, say("end"));
  button.addEventListener("click", async () => {
    if (button.textContent !== say("really")) {
      button.textContent = say("really");
      button.setAttribute("aria-label", `${say("really")} ${key.key}`);
      return;
    }
    const { refused } = await answered(`keys/${key.key}`, { method: "DELETE" }, "notEnded");
    place("refused").textContent = refused ?? "";
    await readKeys();
  });
  return button;
}

function showKeys() {
  place("keys-note").textContent = say(me === null ? "keysNobody" : may("users:admin") ? "keysNote" : "keysAsk");
  place("new-key").hidden = !may("users:admin");
  const heads = ["key", "label", "roles", "permissions", "used", "until"].map((key) => say(key));
  const rows = keys.map((key) => [
    element("code", {}, key.key),
    key.label,
    key.roles.join(", "),
    key.scopes === null ? say("all") : key.scopes.join(", "),
    key.last_used_at === null ? say("never") : when(key.last_used_at),
    when(key.expires_at),
    keyState(key),
  ]);
  table(place("key-table"), [...heads, say("state")], rows);
  const shown = place("made");
  shown.hidden = made === null;
  if (made !== null) shown.replaceChildren(element("p", {}, say("made")), element("code", {}, made), " ", copyButton(() => made));
}

function choices() {
  const form = place("new-key");
  const chosen = form.elements.role.value;
  const roles = me.platform ? [...ROLES, ...EVERYWHERE] : ROLES;
  form.elements.role.replaceChildren(...roles.map((role) => element("option", { selected: role === chosen }, role)));
  const everywhere = me.platform ? [element("option", { value: "*" }, say("everywhere"))] : [];
  const departments = me.departments.map((each) =>
    element("option", { value: each.department }, `${each.department} ${named(each.name)}`));
  form.elements.department.replaceChildren(...departments, ...everywhere);
  if (place("scopes").childElementCount > 0) return;
  place("scopes").replaceChildren(...me.permissions.map((permission) =>
    element("label", {}, element("input", { type: "checkbox", name: "scope", value: permission }), permission)));
}

async function make(event) {
  event.preventDefault();
  const form = event.target;
  const said = new FormData(form);
  const role = said.get("role");
  const at = EVERYWHERE.includes(role) ? "*" : said.get("department");
  const asked = { label: said.get("label"), roles: [`${role}@${at}`], scopes: said.getAll("scope"), days: Number(said.get("days")) };
  const { body, refused } = await answered("keys", { method: "POST", body: JSON.stringify(asked) }, "refused");
  place("refused").textContent = refused ?? "";
  if (body === undefined) return;
  made = body.secret;
  form.reset();
  await readKeys();
  showExamples();
}

function showUsage() {
  const note = place("usage-note");
  note.textContent = say(me === null ? "usageNobody" : usage.length === 0 ? "nothing" : "usageNote");
  if (me !== null) note.append(" ", element("a", { href: `../v1/${usagePath()}&format=csv`, download: "usage.csv" }, say("csv")));
  const heads = ["day", "key", "label", "kind", "asked", "refusedCount"].map((key) => say(key));
  const rows = usage.map((row) => [row.day, element("code", {}, row.who), row.label, say(row.kind), String(row.asked), String(row.refused)]);
  table(place("usage-table"), heads, rows);
}

function usagePath() {
  const from = new Date(Date.now() - DAYS * 86_400_000).toISOString().slice(0, 10);
  return `${may("audit:read") ? "usage" : "me/usage"}?from=${from}`;
}

function showExamples() {
  place("languages").replaceChildren(...Object.entries(LANGUAGES).map(([name, words]) =>
    element("button", { type: "button", "aria-pressed": String(name === program), onclick: () => { program = name; showExamples(); } }, words)));
  const shown = examples.filter((each) => each.programs[program] !== undefined);
  place("example-list").replaceChildren(...shown.map((each) => {
    const text = filledIn(each.programs[program], program, made);
    const title = language() === "en" ? each.en : each.zh_hant;
    const head = element("div", { class: "head" }, element("h3", {}, title), copyButton(() => text));
    return element("div", { class: "example", id: `example-${each.name}` }, head, element("pre", { tabindex: "0" }, element("code", {}, text)));
  }));
}

function showProblems() {
  const rows = problems.map((each) => {
    const cells = [String(each.status), element("code", {}, `/problems/${each.slug}`), named(each.title)];
    return element("tr", { id: `problem-${each.slug}` }, ...cells.map((cell) => element("td", {}, cell)));
  });
  table(place("problem-table"), ["status", "type", "meaning"].map((key) => say(key)), rows);
  if (location.hash.startsWith("#problem-")) place(location.hash.slice(1))?.scrollIntoView();
}

/** What the service tells, of its AsyncAPI document. */
function showTold() {
  if (told === null) return;
  const rows = Object.values(told.channels).map((channel) => {
    const messages = Object.keys(channel.messages).map((name) => {
      const { title } = told.components.messages[name];
      return element("li", {}, element("code", {}, name), ` ${title}`);
    });
    const about = element("div", {}, element("strong", {}, channel.title), element("p", {}, channel.description));
    const address = channel.address === null ? say("receiver") : element("code", {}, channel.address);
    return [about, address, element("ul", {}, ...messages)];
  });
  table(place("told-table"), ["channel", "address", "messages"].map((key) => say(key)), rows);
}

function showAll() {
  sayAll();
  document.title = `${say("title")} · Milepost`;
  place("language").textContent = say("other");
  place("theme").textContent = say(`theme_${applyTheme()}`);
  showWho();
  if (may("users:admin")) choices();
  showKeys();
  showUsage();
  showExamples();
  showTold();
  showProblems();
}

async function readKeys() {
  if (may("users:admin")) keys = (await (await ask("keys")).json()).keys;
  showKeys();
}

async function read() {
  const answer = await ask("me");
  me = answer.ok ? await answer.json() : null;
  [examples, problems, told] = await Promise.all(
    ["examples.json", "problems.json", "../v1/asyncapi.json"].map(async (name) => (await fetch(name)).json()));
  if (may("users:admin")) keys = (await (await ask("keys")).json()).keys;
  if (me !== null) usage = (await (await ask(usagePath())).json()).rows;
  showAll();
}

place("language").addEventListener("click", () => { otherLanguage(); showAll(); });
place("theme").addEventListener("click", () => { otherTheme(); showAll(); });
place("new-key").addEventListener("submit", make);
applyTheme();
showAll();
await read();
