"""Why a shape cannot be used, in both languages: English is the error's own, Chinese is here."""

from __future__ import annotations

from typing import Final

from geo.errors import GeoError
from tracker.fence_plan import Refused

#: By `reason`.
_ZH_HANT: Final = {
    "shape": "圖形不能用作電子圍欄，請重新繪畫。",
    "malformed-shape": "未能讀取圖形：請只提供 geometry（GeoJSON Polygon 或 MultiPolygon）、"
    "circle 或 corridor 其中一項。",
    "coordinate": "坐標不在地球上：請先寫經度（-180 至 180），後寫緯度（-90 至 90）。",
    "out-of-territory": "圖形在管轄範圍以外：請檢查是否先寫經度、後寫緯度。",
    "unclosed-ring": "圖形邊界未有閉合：請以第一點作為最後一點。",
    "too-few-points": "點數不足：邊界連閉合點最少須有 4 點，走廊中線最少須有 2 個不同的點。",
    "too-many-vertices": "頂點超過 10,000 個：請簡化圖形，或分為多個電子圍欄。",
    "zero-area": "邊界沒有包圍任何範圍（不足 1 平方米）：請把各點分開。",
    "self-crossing": "邊界自我交叉或重疊：除相鄰邊的角位外，任何兩條邊均不可相交。",
    "hole-outside": "空洞不在外圍邊界之內：請移到外圍之內，或改為獨立部分。",
    "overlapping-parts": "電子圍欄的各部分互相重疊：請合併（僅相接則可）。",
    "round-a-pole": "圖形圍繞或覆蓋極點，不能以經緯度邊界表示：請避開極點。",
    "width": "半徑或每邊闊度須大於 0 米及不超過 1,000,000 米。",
    "off-grid": "坐標在香港 1980 方格網以外：請先寫東距（790,000 至 874,000），後寫北距"
    "（796,000 至 852,000），或改用經緯度。",
    "swapped-grid": "坐標在香港 1980 方格網以外，但對調後吻合：請先寫東距，後寫北距。",
}


#: Why a feature of a file is refused, its shape apart.
_REFUSED_ZH_HANT: Final = {
    "feature": "此項目的屬性不能使用，請按括號內所述修正。",
    "twice": "檔案內另一項目使用相同編號，請更改其中一個。",
    "past": "`valid_until` 已過：請改為較後的時間，或移除此電子圍欄。",
    "shared": "此電子圍欄跟隨另一部門的電子圍欄，只可由該部門更改。",
    "taken": "編號已被使用：加上 replace=true 便會更新現有的電子圍欄。",
}


def refused_in(refused: Refused, language: str) -> str:
    """Why a feature is refused, in a language."""
    if refused.fault is not None:
        return reason_in(refused.fault, language)
    if language != "zh-Hant":
        return refused.reason
    said = _REFUSED_ZH_HANT[refused.code]
    return f"{said}（{refused.reason}）" if refused.code == "feature" else said


def reason_in(error: GeoError, language: str) -> str:
    """The message of a shape's fault in a language, with what was found."""
    if language != "zh-Hant" or error.reason not in _ZH_HANT:
        return str(error)
    said = _ZH_HANT[error.reason]
    return f"{said}（{error.detail}）" if error.detail else said
