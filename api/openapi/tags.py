"""What the groups of operations are about, for the document: in both languages."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "session": (
        "Signing in and out at the console, and who is signed in. Programs send a key instead.",
        "登入、登出及目前登入者；程式請使用密鑰。",
    ),
    "keys": ("Keys of programs: made, listed, revoked.", "程式密鑰：建立、列出及撤銷。"),
    "registry": (
        "What is registered, for who manages it: vehicles and firms, devices, departments.",
        "登記資料的管理：車輛及承辦商、追蹤裝置、部門。",
    ),
    "rejects": ("What was refused, why, and reading it again.", "被拒收的資料、原因及重新讀取。"),
    "users": ("People who sign in here, and their roles.", "用戶及其角色。"),
    "usage": ("How much keys asked of the API.", "各密鑰的使用量。"),
    "vehicles": (
        "Vehicles, where they are now, what they are doing.",
        "車輛、其現時位置及當值狀況。",
    ),
    "near": ("Which vehicles are near a place, and which were.", "某地點附近現時及過往的車輛。"),
    "tracks": ("Where a vehicle was: as GeoJSON, or as a file.", "車輛的軌跡及檔案匯出。"),
    "whereabouts": ("Where vehicles were at an instant.", "某一時刻各車輛的位置。"),
    "journal": (
        "Trips, stops, gaps and the odometer of a vehicle.",
        "行程、停留、沒有數據的時段及行車里數。",
    ),
    "playback": ("The past shown again: ways, marks, alerts and fences.", "重播過往的行車情況。"),
    "days": ("What vehicles did day by day.", "每日行車摘要。"),
    "views": ("Pages that stand alone, to look at, print and keep.", "可獨立閱覽及列印的頁面。"),
    "fences": ("Geofences, their versions, and with whom they are shared.", "電子圍欄及其版本。"),
    "drafts": (
        "Fences and rules that are not saved yet: judged, converted, in words; none is kept.",
        "未儲存的電子圍欄及規則：檢查、轉換坐標及以文字說明，不會保留。",
    ),
    "open": (
        "What everybody may ask without signing in: where public services' vehicles were.",
        "毋須登入即可查閱的公共服務車輛位置。",
    ),
    "groups": (
        "Groups of vehicles and of fences, and which watch which.",
        "車輛組別、電子圍欄組別及監察範圍。",
    ),
    "rules": ("Which events want a person.", "警報規則。"),
    "backtests": ("What a rule or a fence would have raised.", "規則及圍欄的回溯測試。"),
    "alerts": ("Alerts, and what is done to them.", "警報及其處理。"),
    "events": ("What happens, while it happens, as server-sent events.", "實時事件串流。"),
    "subscriptions": (
        "Who is told of what leaves the house: webhooks, CAP, MQTT, mail.",
        "對外通知的訂閱。",
    ),
    "sharing": (
        "What departments let each other see, and links to one vehicle for hours.",
        "部門之間的授權，以及限時分享連結。",
    ),
    "devices": ("Boxes that report, how they go, and what was received.", "裝置、其狀況及收條。"),
    "audit": ("Who looked at vehicles, and who changed what.", "查閱及更改的審計紀錄。"),
    "adoption": ("How far the government has come with the platform.", "平台的推行進度。"),
    "ogc": ("OGC API Features and vector tiles, for QGIS, GDAL and maps.", "OGC API 及向量圖磚。"),
    "service": ("Whether the service works, and this document.", "系統狀況及本文件。"),
}
#: As OpenAPI has them, in the order in which they are read.
TAGS: Final = [
    {"name": name, "description": f"{english} {chinese}"}
    for name, (english, chinese) in _WORDS.items()
]
