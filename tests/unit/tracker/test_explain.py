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
        "通知：FSD 的 A1及A2 在內停留達 10 分鐘（其任何圍欄）。",
    ),
    (
        {"on_kinds": ["speed"], "severity": "warning", "limit_kmh": 50.0, "cooldown_s": 900.0},
        "Warning when any vehicle of FSD goes faster than 50 km/h for 10 s inside: any of its"
        " fences. After an alert, none of the same vehicle and fence for 15 min.",
        "警告：FSD 的任何車輛在內以超過每小時 50 公里行駛達 10 秒（其任何圍欄）。"
        "發出警報後 15 分鐘內，同一車輛及圍欄不再發出。",
    ),
    (
        {"on_kinds": ["inside", "present"], "severity": "warning", "window": WORK},
        "Warning when any vehicle of FSD is inside or is found inside: any of its fences,"
        " working days from 08:00 to 18:00 (Asia/Hong_Kong).",
        "警告：FSD 的任何車輛身處其中或被發現已在內（其任何圍欄），工作日 08:00 至 18:00"
        "（Asia/Hong_Kong）。",
    ),
]


@pytest.mark.parametrize(("rule", "english", "chinese"), GOLDEN)
def test_a_rule_in_words(rule: dict[str, Any], english: str, chinese: str) -> None:
    said = [explain({"department": "FSD", **rule}, language) for language in LANGUAGES]
    assert said == [english, chinese]


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["en"].keys() == WORDS["zh-Hant"].keys()
