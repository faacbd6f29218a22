"""Rules in words, in English and in Traditional Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

Language = Literal["en", "zh-Hant"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-Hant")

#: By language: kinds of events, severities, days, and the sentence with its parts.
WORDS: Final[Mapping[Language, Mapping[str, str]]] = {
    "en": {
        "enter": "enters",
        "exit": "leaves",
        "present": "is found inside",
        "dwell": "has stayed {dwell} inside",
        "speed": "goes faster than {limit} km/h for 10 s inside",
        "inside": "is inside",
        "or": " or ",
        "comma": ", ",
        "every_vehicle": "any vehicle of {department}",
        "vehicles": "{names} of {department}",
        "every_fence": "any of its fences",
        "fence": "{name}",
        "sentence": "{severity} when {who} {what}: {where}{window}.{cooldown}{shadow}",
        "window": ", {days} from {from} to {to} ({zone})",
        "next_day": "{to} the next day",
        "cooldown": " After an alert, none of the same vehicle and fence for {cooldown}.",
        "shadow": " On trial: it is counted, and nobody is told.",
        "info": "Information",
        "warning": "Warning",
        "critical": "Critical alert",
        "every_day": "every day",
        "working": "working days",
        "mon": "Monday",
        "tue": "Tuesday",
        "wed": "Wednesday",
        "thu": "Thursday",
        "fri": "Friday",
        "sat": "Saturday",
        "sun": "Sunday",
        "to": " to ",
        "and": " and ",
        "h": "{n} h",
        "min": "{n} min",
        "s": "{n} s",
    },
    "zh-Hant": {
        "enter": "進入",
        "exit": "離開",
        "present": "被發現已在內",
        "dwell": "在內停留達 {dwell}",
        "speed": "在內以超過每小時 {limit} 公里行駛達 10 秒",
        "inside": "身處其中",
        "or": "或",
        "comma": "、",
        "every_vehicle": "{department} 的任何車輛",
        "vehicles": "{department} 的 {names} ",
        "every_fence": "其任何圍欄",
        "fence": "{name}",
        "sentence": "{severity}：{who}{what}（{where}）{window}。{cooldown}{shadow}",
        "window": "，{days} {from} 至 {to}（{zone}）",
        "next_day": "翌日 {to}",
        "cooldown": "發出警報後 {cooldown}內，同一車輛及圍欄不再發出。",
        "shadow": "試行中：只作統計，不會通知任何人。",
        "info": "通知",
        "warning": "警告",
        "critical": "緊急警報",
        "every_day": "每日",
        "working": "工作日",
        "mon": "星期一",
        "tue": "星期二",
        "wed": "星期三",
        "thu": "星期四",
        "fri": "星期五",
        "sat": "星期六",
        "sun": "星期日",
        "to": "至",
        "and": "及",
        "h": "{n} 小時",
        "min": "{n} 分鐘",
        "s": "{n} 秒",
    },
}
WEEK: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS: Final = ((3600, "h"), (60, "min"), (1, "s"))


def explain(rule: Mapping[str, Any], language: Language) -> str:
    """One or two sentences of what a rule does.

    `rule` has department, on_kinds, severity, and fence, vehicles, window, dwell_s, limit_kmh,
    cooldown_s, shadow and zone as far as they are given; names of things as people know them.
    """
    words = WORDS[language]
    vehicles = list(rule.get("vehicles") or ())
    who = words["vehicles" if vehicles else "every_vehicle"].format(
        department=rule["department"], names=_listed(vehicles, words["and"], words["comma"])
    )
    fence, cooldown = rule.get("fence"), rule.get("cooldown_s")
    where = words["every_fence"] if fence is None else words["fence"].format(name=fence)
    pause = words["cooldown"].format(cooldown=_length(cooldown, words)) if cooldown else ""
    return words["sentence"].format(
        severity=words[rule["severity"]],
        who=who,
        what=_what(rule, words),
        where=where,
        window=_window(rule, words),
        cooldown=pause,
        shadow=words["shadow"] if rule.get("shadow") else "",
    )


def _what(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    length = _length(rule.get("dwell_s") or 0, words)
    said = [
        words[kind].format(dwell=length, limit=f"{rule.get('limit_kmh') or 0:g}")
        for kind in rule["on_kinds"]
    ]
    return _listed(said, words["or"], words["comma"])


def _window(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    window = rule.get("window")
    if window is None:
        return ""
    begins, ends = window.get("from", "00:00"), window.get("to", "00:00")
    if ends <= begins:
        whole = begins == ends == "00:00"
        ends = "24:00" if whole else words["next_day"].format(to=ends)
    named = {"days": _days(window.get("days") or WEEK, words), "from": begins, "to": ends}
    return words["window"].format(**named, zone=rule.get("zone") or "Asia/Hong_Kong")


def _days(days: Sequence[str], words: Mapping[str, str]) -> str:
    places = sorted(WEEK.index(day) for day in days if day in WEEK)
    if len(places) == len(WEEK):
        return words["every_day"]
    in_a_row = len(places) > 2 and places[-1] - places[0] == len(places) - 1  # noqa: PLR2004  two days are listed
    if in_a_row:
        said = [words[WEEK[places[0]]] + words["to"] + words[WEEK[places[-1]]]]
    else:
        said = [words[WEEK[place]] for place in places]
    said += [words["working"]] if "working" in days else []
    return _listed(said, words["and"], words["comma"])


def _listed(said: Sequence[str], last: str, comma: str) -> str:
    *first, end = said or ("",)
    return comma.join(first) + last + end if first else end


def _length(seconds: float, words: Mapping[str, str]) -> str:
    for unit, name in UNITS:
        if seconds >= unit and seconds % unit == 0:
            return words[name].format(n=f"{seconds / unit:g}")
    return words["s"].format(n=f"{seconds:g}")
