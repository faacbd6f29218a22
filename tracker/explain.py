"""Rules in words, in English and in Traditional Chinese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from tracker.rules import BY_THEMSELVES

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
        "silent": "{severity} when {who} has not been heard of for {silent}{place}{window}."
        "{cooldown}",
        "duress": "{severity} when {who} calls for help ({sensor}){place}{window}.",
        "sensor": "{severity} when {who} reports {sensor}{for_s}{place}{window}.{cooldown}",
        "proximity": "{severity} when two vehicles are less than {radius} m apart{place}: {who}"
        "{window}.{cooldown}",
        "proximity_to": "{severity} when {who} is less than {radius} m from {others}{place}"
        "{window}.{cooldown}",
        "usual_silence": "longer than is usual for it (three intervals, 5 min at least; with the"
        " ignition off two heartbeats)",
        "for_s": " for {length}",
        "place_inside": " inside {name}",
        "place_outside": " outside {name}",
        "is": "is",
        "is_not": "is not",
        "true": "on (open)",
        "false": "off (closed)",
        "cooldown_anywhere": " After an alert, none of the same vehicle for {cooldown}.",
        "or": " or ",
        "around_latin": "",
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
        "present": "被發現已在範圍內",
        "dwell": "在範圍內逗留達 {dwell}",
        "speed": "在範圍內以超過每小時 {limit} 公里行駛達 10 秒",
        "inside": "身在其中",
        "silent": "{severity}：{who}失去訊號達{silent}{place}{window}。{cooldown}",
        "duress": "{severity}：{who}發出求救訊號（{sensor}）{place}{window}。",
        "sensor": "{severity}：{who}回報 {sensor}{for_s}{place}{window}。{cooldown}",
        "proximity": "{severity}：兩輛車輛相距少於 {radius} 米{place}（{who}）{window}。{cooldown}",
        "proximity_to": "{severity}：{who}與 {others} 相距少於 {radius} 米{place}{window}。"
        "{cooldown}",
        "usual_silence": "一般時限以上（回報間隔的三倍，最少 5 分鐘；熄匙時為定時訊號間隔的兩倍）",
        "for_s": "，持續 {length}",
        "place_inside": "，位於 {name} 範圍內",
        "place_outside": "，位於 {name} 範圍外",
        "is": "為",
        "is_not": "不為",
        "true": "開",
        "false": "關",
        "cooldown_anywhere": "發出警報後 {cooldown}內，同一車輛不再發出。",
        "or": "或",
        "around_latin": " ",
        "comma": "、",
        "every_vehicle": "{department}的任何車輛",
        "vehicles": "{department}的{names}",
        "every_fence": "其任何圍欄",
        "fence": "{name}",
        "sentence": "{severity}：{who}{what}（{where}）{window}。{cooldown}{shadow}",
        "window": "，{days} {from} 至 {to}（{zone}）",
        "next_day": "翌日 {to}",
        "cooldown": "發出警報後 {cooldown}內，同一車輛及圍欄不再發出。",
        "shadow": "試行中：只作統計，不會通知任何人。",
        "info": "資訊",
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
    cooldown_s, zone, outside, silent_s, sensor, for_s, radius_m, others and shadow as far as they
    are given; names of things as people know them.
    """
    words = WORDS[language]
    if (kind := rule["on_kinds"][0]) in BY_THEMSELVES:
        return _by_itself(kind, rule, words)
    fence = rule.get("fence")
    where = words["every_fence"] if fence is None else words["fence"].format(name=fence)
    return words["sentence"].format(
        severity=words[rule["severity"]],
        who=_who(rule, words),
        what=_what(rule, words),
        where=where,
        window=_window(rule, words),
        cooldown=_pause(rule, words),
        shadow=words["shadow"] if rule.get("shadow") else "",
    )


def explained(
    rule: Mapping[str, Any], department: Mapping[str, str], fence: Mapping[str, str] | None
) -> dict[Language, str]:
    """What a rule does, by language, with the names that people know; `fence` also of a group."""
    return {
        language: explain(
            {
                **rule,
                "department": department[language],
                "fence": None if fence is None else fence[language],
            },
            language,
        )
        for language in LANGUAGES
    }


def called(name: Mapping[str, str], ref: str) -> dict[str, str]:
    """By language; what has no name is called by its ref."""
    return {language: name.get(language) or ref for language in LANGUAGES}


def _by_itself(kind: str, rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """A rule on silence, a button, a sensor or nearness."""
    silent_s, for_s, others = (rule.get(key) for key in ("silent_s", "for_s", "others"))
    named = {
        "severity": words[rule["severity"]],
        "who": _who(rule, words),
        "place": _place(rule, words),
        "window": _window(rule, words),
        "cooldown": _pause(rule, words),
        "silent": _length(silent_s, words) if silent_s else words["usual_silence"],
        "sensor": _comparison(rule.get("sensor") or {}, words),
        "for_s": words["for_s"].format(length=_length(for_s, words)) if for_s else "",
        "radius": f"{rule.get('radius_m') or 0:g}",
        "others": _listed(others or (), words["or"], words["comma"]),
    }
    return words["proximity_to" if others else kind].format(**named)


def _who(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    vehicles = list(rule.get("vehicles") or ())
    names = _listed(vehicles, words["and"], words["comma"])
    department = rule["department"]
    gap = words["around_latin"]
    department, names = _apart(department, gap).lstrip(), _apart(names, gap) if names else ""
    return words["vehicles" if vehicles else "every_vehicle"].format(
        department=department, names=names
    )


def _apart(name: str, gap: str) -> str:
    """With a gap where its Latin letters or digits would touch the Chinese around it."""
    before, after = (gap if letter.isascii() else "" for letter in (name[0], name[-1]))
    return f"{before}{name}{after}"


def _place(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    fence = rule.get("fence")
    if fence is None:
        return ""
    return words["place_outside" if rule.get("outside") else "place_inside"].format(name=fence)


def _pause(rule: Mapping[str, Any], words: Mapping[str, str]) -> str:
    cooldown = rule.get("cooldown_s")
    anywhere = rule["on_kinds"][0] in BY_THEMSELVES and rule.get("fence") is None
    key = "cooldown_anywhere" if anywhere else "cooldown"
    return words[key].format(cooldown=_length(cooldown, words)) if cooldown else ""


def _comparison(said: Mapping[str, Any], words: Mapping[str, str]) -> str:
    """`bottom_door is on (open)`, `temp_c > 8`."""
    if not said:
        return ""
    value = said["value"]
    if isinstance(value, bool):
        value = words["true" if value else "false"]
    elif isinstance(value, float):
        value = f"{value:g}"
    return f"{said['input']} {words.get(said['op'], said['op'])} {value}"


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
