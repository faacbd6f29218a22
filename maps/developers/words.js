// The portal's texts in both languages, and how this browser likes them: shared with the console.

const WORDS = {
  en: {
    title: "For developers", other: "中文", theme_light: "Dark", theme_dark: "Light", contents: "On this page", back: "← For developers",
    referenceTitle: "API reference · Milepost", keys: "Keys", usage: "Usage", examples: "Examples", reference: "API reference", asyncapi: "AsyncAPI 3.0", openapi: "As a document for programs: OpenAPI 3.1", told: "What comes by itself", problems: "Problems",
    about: "One API behind everything that the console shows. Programs send a key; a key sees what its roles see, and what it may not see is answered 404. Reads of where vehicles were want a purpose.",
    signedIn: "Signed in as {label} · {departments}", everywhere: "all departments", nobody: "Not signed in.", signIn: "Sign in at the console, then come back here.",
    keysNobody: "Sign in to see and make keys. The examples and the reference are for everybody.",
    keysAsk: "Keys are made by the administrators of a department: ask yours, and say what the program is for.",
    keysNote: "Keys within the departments that you administer. A key is shown once, when it is made; end those that are no longer used.",
    newKey: "A new key", label: "What for", role: "Role", department: "Department", days: "Valid for days", scopes: "Only these permissions (none chosen: all of the role)",
    make: "Make the key", made: "The new key, shown only now. Whoever has it can do what it may:", copy: "Copy", copied: "Copied",
    key: "Key", roles: "Roles", permissions: "Permissions", all: "all of its roles", used: "Last used", never: "never", until: "Valid until", end: "End", really: "Really end it?",
    state: "State", ended: "ended", expired: "expired", refused: "Nothing was made. {detail}", notEnded: "The key goes on. {detail}", away: "The service does not answer; nothing was changed. Try again.",
    usageNobody: "Sign in to see what you asked.", usageNote: "What was asked in the last 30 days.", csv: "As CSV", mine: "Your own", nothing: "Nothing was asked.",
    day: "Day", kind: "Kind", asked: "Asked", refusedCount: "Refused (429)", requests: "requests", history: "reads of history",
    examplesNote: "Each runs as it stands, and is run by our tests. A key that you make here is placed in them.", programLanguage: "Language of the programs",
    toldNote: "Streams and webhooks, and the messages that go over each. For programs:", channel: "Channel", address: "Address", messages: "Messages", receiver: "your own https address",
    problemsNote: "Every error is a problem of RFC 9457; the last part of its type stands here. Show its trace_id to an operator.", status: "Status", type: "Type", meaning: "Title",
    referenceNote: "Every operation. Open one for what it takes and answers.", find: "Find: words, a path, a method", found: "{count} of {all} operations",
    referenceAway: "The service does not answer, so there is no reference now. Load this page again.", parameters: "Parameters", body: "Body", answers: "Answers",
    member: "Name", where: "In", kindOf: "Kind", isNeeded: "Needed", meaningOf: "Meaning", needed: "yes", free: "no",
  },
  "zh-Hant": {
    title: "開發者專頁", other: "English", theme_light: "深色", theme_dark: "淺色", contents: "本頁內容", back: "← 開發者專頁",
    referenceTitle: "API 參考 · Milepost", keys: "密鑰", usage: "使用量", examples: "範例", reference: "API 參考", asyncapi: "AsyncAPI 3.0", openapi: "供程式讀取的文件：OpenAPI 3.1", told: "主動推送", problems: "錯誤訊息",
    about: "控制台顯示的一切均來自同一套 API。程式須附上密鑰；密鑰只可查看其角色所及的資料，其餘一律回覆 404。查閱車輛的過往位置須說明用途。",
    signedIn: "已登入：{label} · {departments}", everywhere: "所有部門", nobody: "尚未登入。", signIn: "請先在控制台登入，然後返回本頁。",
    keysNobody: "登入後可查看及建立密鑰。範例及 API 參考供所有人閱覽。",
    keysAsk: "密鑰由部門管理員建立：請聯絡你的部門管理員，並說明程式的用途。",
    keysNote: "你所管理部門的密鑰。密鑰只在建立時顯示一次；不再使用的密鑰請予撤銷。",
    newKey: "新增密鑰", label: "用途", role: "角色", department: "部門", days: "有效日數", scopes: "只限以下權限（不選任何一項，即角色的全部權限）",
    make: "建立密鑰", made: "新密鑰只在此刻顯示。持有者可使用其全部權限：", copy: "複製", copied: "已複製",
    key: "密鑰", roles: "角色", permissions: "權限", all: "角色的全部權限", used: "最後使用", never: "從未使用", until: "有效期至", end: "撤銷", really: "確定撤銷？",
    state: "狀況", ended: "已撤銷", expired: "已過期", refused: "未有建立密鑰。{detail}", notEnded: "密鑰仍然有效。{detail}", away: "系統沒有回應，資料未有更改，請再試。",
    usageNobody: "登入後可查看你的使用量。", usageNote: "最近 30 日的使用量。", csv: "下載 CSV", mine: "你自己的", nothing: "沒有使用紀錄。",
    day: "日期", kind: "類別", asked: "請求數目", refusedCount: "被拒（429）", requests: "一般請求", history: "查閱過往資料",
    examplesNote: "每個範例均可直接執行，並由測試驗證。在本頁建立的密鑰會自動填入範例。", programLanguage: "程式語言",
    toldNote: "事件串流、實時連線及 webhook，以及各自的訊息（內容為英文）。供程式讀取：", channel: "渠道", address: "網址", messages: "訊息", receiver: "你的 https 網址",
    problemsNote: "所有錯誤均按 RFC 9457 回覆；下表列出其 type 的最後部分。請向操作人員提供 trace_id。", status: "狀態碼", type: "類型", meaning: "標題",
    referenceNote: "全部操作。展開操作可查看其參數及回覆（詳細說明為英文）。", find: "搜尋：文字、路徑或方法", found: "{all} 項操作中的 {count} 項",
    referenceAway: "系統沒有回應，暫時未能顯示 API 參考，請重新載入本頁。", parameters: "參數", body: "內容", answers: "回覆",
    member: "名稱", where: "位置", kindOf: "類型", isNeeded: "必須", meaningOf: "說明", needed: "是", free: "否",
  },
};
const LANGUAGE = "milepost.language";
const THEME = "milepost.theme";

/** The language in use: the one chosen here or at the console, else the browser's. */
export function language() {
  const stored = localStorage.getItem(LANGUAGE);
  if (stored in WORDS) return stored;
  return /^zh/i.test(navigator.language) ? "zh-Hant" : "en";
}

export function say(key, values = {}) {
  return WORDS[language()][key].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** Writes every fixed text of the page. */
export function sayAll() {
  document.documentElement.lang = language() === "en" ? "en" : "zh-Hant-HK";
  for (const each of document.querySelectorAll("[data-say]")) each.textContent = say(each.dataset.say);
  for (const each of document.querySelectorAll("[data-label]")) each.setAttribute("aria-label", say(each.dataset.label));
}

export function otherLanguage() {
  localStorage.setItem(LANGUAGE, language() === "en" ? "zh-Hant" : "en");
}

/** Sets the page's colours; light or dark. */
export function applyTheme() {
  const liked = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  const theme = localStorage.getItem(THEME) ?? liked;
  document.documentElement.dataset.theme = theme;
  return theme;
}

export function otherTheme() {
  localStorage.setItem(THEME, applyTheme() === "light" ? "dark" : "light");
  return applyTheme();
}
