"""What the documents and pages say, in the government's two languages."""

from __future__ import annotations

from typing import Final

from api.language import Language

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "title": ("Milepost: vehicle locations", "Milepost：車輛位置"),
    "description": (
        "Vehicles, geofences, alerts and tracks of the departments that you may see.",
        "你有權查看的部門的車輛、電子圍欄、警報及軌跡。",
    ),
    "links": ("Links", "連結"),
    "landing": ("Landing page", "首頁"),
    "api": ("API definition", "API 定義"),
    "documentation": ("API documentation", "API 說明"),
    "conformance": ("Conformance classes", "符合的標準類別"),
    "collections": ("Collections", "資料集"),
    "collection": ("Collection", "資料集"),
    "items": ("Features", "地理要素"),
    "queryables": ("Properties to filter by", "可供篩選的屬性"),
    "tiles": ("Vector tiles", "向量圖磚"),
    "next": ("Next page", "下一頁"),
    "shown": ("{n} shown", "顯示 {n} 項"),
    "shown.of": ("{n} shown of {total}", "共 {total} 項，顯示 {n} 項"),
    "id": ("Identifier", "識別碼"),
    "name": ("Name", "名稱"),
    "value": ("Value", "數值"),
    "type": ("Type", "類型"),
    "parameters": ("Parameters", "參數"),
    "path": ("Path", "路徑"),
    "geometry": ("Geometry", "幾何"),
    "vehicles": ("Vehicles", "車輛"),
    "vehicles.what": (
        "Where each vehicle in service was at its latest fix",
        "各在用車輛最近一次定位的位置",
    ),
    "fences": ("Geofences", "電子圍欄"),
    "fences.what": (
        "Geofences in force now, in their present shape",
        "現正生效的電子圍欄及其現時形狀",
    ),
    "alerts": ("Alerts", "警報"),
    "alerts.what": (
        "Alerts, the newest first, each at the fix that told it",
        "警報（最新者在前），位置為觸發警報的定位",
    ),
    "tracks": ("Tracks", "軌跡"),
    "tracks.what": (
        "Pieces of tracks of half an hour at most, the newest first; a gap ends a piece",
        "每段最長半小時的軌跡（最新者在前）；訊號中斷即分段",
    ),
    "movingfeatures": ("Moving features", "移動要素"),
    "movingfeatures.what": (
        "Vehicles, each with where it was and how it moved: OGC API – Moving Features",
        "各車輛及其移動軌跡（OGC API – Moving Features）",
    ),
    "item": ("A feature", "一項地理要素"),
    "tgsequence": ("How it moved", "移動軌跡"),
    "tproperties": ("What it said on the way", "途中數值"),
    "tproperty": ("One of its values on the way", "途中的一項數值"),
    "distance": ("How far it had come", "行駛距離"),
    "velocity": ("How fast it went", "速度"),
    "acceleration": ("How its velocity changed", "加速度"),
}


def word(key: str, language: Language, **values: object) -> str:
    """A text in one language."""
    english, chinese = _WORDS[key]
    return (chinese if language == "zh-Hant" else english).format(**values)
