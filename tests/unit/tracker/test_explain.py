"""Rules in words: golden texts of each kind of rule, in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from tracker.explain import LANGUAGES, WORDS, explain

NIGHT = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "18:00", "to": "08:00"}
WORK = {"days": ["working"], "from": "08:00", "to": "18:00"}
GOLDEN: list[tuple[dict[str, Any], str, str]] = [
    (
        {"on_kinds": ["enter", "exit"], "severity": "warning"},
        "Warning when any vehicle of FSD enters or leaves: any of its fences.",
        "警告：FSD 的任何車輛進入或離開（其任何圍欄）。",
    ),
    (
        {"on_kinds": ["enter"], "severity": "critical", "fence": "Depot", "window": NIGHT},
        "Critical alert when any vehicle of FSD enters: Depot, Monday to Friday from 18:00 to 08:00"
        " the next day (Asia/Hong_Kong).",
        "緊急警報：FSD 的任何車輛進入（Depot），星期一至星期五 18:00 至 翌日 08:00"
        "（Asia/Hong_Kong）。",
    ),
    (
        {"on_kinds": ["dwell"], "severity": "info", "dwell_s": 600.0, "vehicles": ["A1", "A2"]},
        "Information when A1 and A2 of FSD has stayed 10 min inside: any of its fences.",
        "資訊：FSD 的 A1及A2 在範圍內逗留達 10 分鐘（其任何圍欄）。",
    ),
    (
        {"on_kinds": ["speed"], "severity": "warning", "limit_kmh": 50.0, "cooldown_s": 900.0},
        "Warning when any vehicle of FSD goes faster than 50 km/h for 10 s inside: any of its"
        " fences. After an alert, none of the same vehicle and fence for 15 min.",
        "警告：FSD 的任何車輛在範圍內以超過每小時 50 公里行駛達 10 秒（其任何圍欄）。"
        "發出警報後 15 分鐘內，同一車輛及圍欄不再發出。",
    ),
    (
        {"on_kinds": ["enter"], "severity": "info", "department": "路政署", "vehicles": ["一號車"]},
        "Information when 一號車 of 路政署 enters: any of its fences.",
        "資訊：路政署的一號車進入（其任何圍欄）。",
    ),
    (
        {"on_kinds": ["inside", "present"], "severity": "warning", "window": WORK},
        "Warning when any vehicle of FSD is inside or is found inside: any of its fences,"
        " working days from 08:00 to 18:00 (Asia/Hong_Kong).",
        "警告：FSD 的任何車輛身在其中或被發現已在範圍內（其任何圍欄），工作日 08:00 至 18:00"
        "（Asia/Hong_Kong）。",
    ),
    (
        {"on_kinds": ["silent"], "severity": "warning", "window": WORK, "cooldown_s": 3600.0},
        "Warning when any vehicle of FSD has not been heard of for longer than is usual for it"
        " (three intervals, 5 min at least; with the ignition off two heartbeats), working days"
        " from 08:00 to 18:00 (Asia/Hong_Kong). After an alert, none of the same vehicle for 1 h.",
        "警告：FSD 的任何車輛失去訊號達一般時限以上（回報間隔的三倍，最少 5 分鐘；熄匙時為定時訊號"
        "間隔的兩倍），工作日 08:00 至 18:00（Asia/Hong_Kong）。發出警報後 1 小時內，同一車輛不再"
        "發出。",
    ),
    (
        {
            "on_kinds": ["silent"],
            "severity": "info",
            "silent_s": 600.0,
            "fence": "Depot",
            "outside": True,
        },
        "Information when any vehicle of FSD has not been heard of for 10 min outside Depot.",
        "資訊：FSD 的任何車輛失去訊號達10 分鐘，位於 Depot 範圍外。",
    ),
    (
        {
            "on_kinds": ["duress"],
            "severity": "critical",
            "vehicles": ["A1"],
            "sensor": {"input": "duress", "op": "is", "value": True},
        },
        "Critical alert when A1 of FSD calls for help (duress is on (open)).",
        "緊急警報：FSD 的 A1 發出求救訊號（duress 為 開）。",
    ),
    (
        {
            "on_kinds": ["sensor"],
            "severity": "critical",
            "fence": "Dumping grounds",
            "outside": True,
            "sensor": {"input": "bottom_door", "op": "is", "value": True},
        },
        "Critical alert when any vehicle of FSD reports bottom_door is on (open) outside Dumping"
        " grounds.",
        "緊急警報：FSD 的任何車輛回報 bottom_door 為 開，位於 Dumping grounds 範圍外。",
    ),
    (
        {
            "on_kinds": ["sensor"],
            "severity": "warning",
            "for_s": 300.0,
            "fence": "Market",
            "sensor": {"input": "temp_c", "op": ">", "value": 8.0},
            "cooldown_s": 60.0,
        },
        "Warning when any vehicle of FSD reports temp_c > 8 for 5 min inside Market. After an"
        " alert, none of the same vehicle and fence for 1 min.",
        "警告：FSD 的任何車輛回報 temp_c > 8，持續 5 分鐘，位於 Market 範圍內。"
        "發出警報後 1 分鐘內，同一車輛及圍欄不再發出。",
    ),
    (
        {
            "on_kinds": ["proximity"],
            "severity": "warning",
            "radius_m": 100.0,
            "vehicles": ["launches"],
        },
        "Warning when two vehicles are less than 100 m apart: launches of FSD.",
        "警告：兩輛車輛相距少於 100 米（FSD 的 launches ）。",
    ),
    (
        {
            "on_kinds": ["proximity"],
            "severity": "info",
            "radius_m": 50.0,
            "vehicles": ["A1"],
            "others": ["B1", "B2"],
            "fence": "Harbour",
        },
        "Information when A1 of FSD is less than 50 m from B1 or B2 inside Harbour.",
        "資訊：FSD 的 A1 與 B1或B2 相距少於 50 米，位於 Harbour 範圍內。",
    ),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), GOLDEN)
def test_a_rule_in_words(rule: dict[str, Any], english: str, chinese: str) -> None:
    said = [explain({"department": "FSD", **rule}, language) for language in LANGUAGES]
    assert said == [english, chinese]


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh-Hant"].keys()
