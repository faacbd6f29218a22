// Where one vehicle is, for whoever has the link: the token is in the fragment, and goes nowhere else.
"use strict";

const EVERY_MS = 5000;
const OLD_S = 120;
const SOON_MS = 5 * 60_000;
const WORDS = {
  en: {
    moving: "Moving", idling: "Standing, engine on", stopped: "Stopped", unknown: "Located",
    none: "No position now", ended: "This link has ended", away: "No connection: trying again",
    old: "Not heard of lately", by: "Shared by", kmh: "km/h", age: "seen {age} ago",
    left: "Link ends in {left}", other: "中文", map: "Map of where the vehicle is",
    nearer: "Zoom in", farther: "Zoom out",
    endedDetail: "It is unknown, has expired or was withdrawn. Ask whoever sent it for a new one.",
    h: "h", min: "min", s: "s", coast: "Coast: GSHHG (LGPL), © OpenStreetMap contributors (ODbL)",
  },
  "zh-Hant": {
    moving: "行駛中", idling: "引擎空轉", stopped: "停車", unknown: "已定位",
    none: "現時沒有位置", ended: "此連結已失效", away: "連線中斷，正在重試",
    old: "近期沒有訊號", by: "分享部門：", kmh: "公里/小時", age: "{age}前更新",
    left: "連結於 {left} 後失效", other: "English", map: "車輛位置地圖",
    nearer: "放大", farther: "縮小",
    endedDetail: "連結不存在、已到期或已被撤銷。請向發送者索取新連結。",
    h: "小時", min: "分鐘", s: "秒", coast: "海岸線：GSHHG (LGPL)、© OpenStreetMap contributors (ODbL)",
  },
};

let language = /^zh/i.test(navigator.language) ? "zh-Hant" : "en";
let seen = null;
let state = "waiting";
let clockAheadMs = 0;
const place = (id) => document.getElementById(id);

function lasting(seconds) {
  const w = WORDS[language];
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 3600) return `${Math.floor(whole / 3600)} ${w.h} ${Math.floor((whole % 3600) / 60)} ${w.min}`;
  if (whole >= 60) return `${Math.floor(whole / 60)} ${w.min} ${whole % 60} ${w.s}`;
  return `${whole} ${w.s}`;
}

const serverNow = () => Date.now() + clockAheadMs;
const hasPlace = () => seen !== null && seen.lon !== null;

function status(w, ageS) {
  if (state === "ended" || state === "away") return w[state];
  if (!hasPlace()) return w.none;
  return ageS > OLD_S ? w.old : w[seen.motion];
}

function show() {
  const w = WORDS[language];
  document.documentElement.lang = language === "en" ? "en" : "zh-Hant-HK";
  if (seen !== null && serverNow() >= Date.parse(seen.expires_at)) end();
  const ageS = hasPlace() ? (serverNow() - Date.parse(seen.fixed_at)) / 1000 : 0;
  place("language").textContent = w.other;
  place("language").lang = language === "en" ? "zh-Hant-HK" : "en";
  for (const [end, word] of [["in", w.nearer], ["out", w.farther]]) {
    const button = document.querySelector(`.leaflet-control-zoom-${end}`);
    button?.setAttribute("aria-label", word);
    button?.setAttribute("title", word);
  }
  place("map").setAttribute("aria-label", w.map);
  place("coast").textContent = w.coast;
  place("expiry").classList.toggle("soon", seen !== null && Date.parse(seen.expires_at) - serverNow() < SOON_MS);
  document.body.className = state === "live" && hasPlace() && ageS <= OLD_S ? seen.motion : state;
  const said = state === "waiting" ? "…" : status(w, ageS);
  if (place("status").textContent !== said) place("status").textContent = said;
  if (state === "ended") {
    place("detail").textContent = w.endedDetail;
    place("expiry").textContent = "";
  } else if (seen !== null) {
    const name = seen.department_name[language] || seen.department;
    const speed = seen.speed_mps === null ? [] : [`${Math.round(seen.speed_mps * 3.6)} ${w.kmh}`];
    const age = hasPlace() ? [w.age.replace("{age}", lasting(ageS))] : [];
    place("detail").textContent = [`${w.by} ${name}`, ...speed, ...age].join(" · ");
    const leftS = (Date.parse(seen.expires_at) - serverNow()) / 1000;
    place("expiry").textContent = w.left.replace("{left}", lasting(leftS));
  }
}

function end() {
  state = "ended";
  seen = null;
  if (mark !== null) mark.remove();
  mark = null;
}

let map = null;
let mark = null;

async function begin() {
  if (typeof L === "undefined") return;
  map = L.map("map", { attributionControl: false, zoomControl: true }).setView([22.32, 114.17], 11);
  const land = await fetch("land.geojson");
  if (land.ok) {
    L.geoJSON(await land.json(), {
      interactive: false,
      style: { className: "land", weight: 1, fillOpacity: 1 },
    }).addTo(map).bringToBack();
  }
}

function move() {
  if (map === null || !hasPlace()) return;
  const at = [seen.lat, seen.lon];
  if (mark === null) {
    mark = L.circleMarker(at, { className: "mark", radius: 11, weight: 3, fillOpacity: 1 }).addTo(map);
    map.setView(at, 15);
  } else {
    mark.setLatLng(at);
    if (!map.getBounds().contains(at)) map.panTo(at);
  }
}

async function follow() {
  const token = location.hash.slice(1);
  try {
    const answer = await fetch(`../v1/shares/${encodeURIComponent(token || "none")}`, {
      credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
    });
    if (answer.status === 404) {
      end();
    } else if (answer.ok) {
      seen = await answer.json();
      clockAheadMs = Date.parse(seen.server_time) - Date.now();
      state = "live";
      if (seen.lon === null && mark !== null) { mark.remove(); mark = null; }
      move();
    } else {
      state = "away";
    }
  } catch {
    state = "away";
  }
  show();
  if (state !== "ended") setTimeout(follow, EVERY_MS);
}

place("language").addEventListener("click", () => {
  language = language === "en" ? "zh-Hant" : "en";
  show();
});
window.addEventListener("hashchange", () => location.reload());
setInterval(show, 1000);
begin().catch(() => { map = null; }).then(follow);
