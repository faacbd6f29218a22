"""A telling as a CAP 1.2 alert (OASIS CAP-v1.2) in English and Traditional Chinese.

What amends or changes something told before references it; what disproves it cancels it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, Literal

from lxml import etree

from api.outgoing.words import Language, headline, lines, say, severity_of
from tracker.outbox import Earlier, Outbox, Subscription, Telling

CONTENT_TYPE: Final = "application/cap+xml"
NAMESPACE: Final = "urn:oasis:names:tc:emergency:cap:1.2"
#: CAP wants an offset in digits, and no Z.
_ZONE: Final = timezone(timedelta(hours=8))
_LANGUAGES: Final[tuple[tuple[Language, str], ...]] = (("en", "en-HK"), ("zh-Hant", "zh-HK"))
_SEVERITY: Final = {"critical": "Severe", "warning": "Moderate", "info": "Minor"}
#: Closed so, an alert should never have been.
_CANCELS: Final = {"false", "duplicate", "withdrawn"}

MessageType = Literal["Alert", "Update", "Cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a CAP alert says that is not in the telling."""

    #: By convention an internet domain of the issuer.
    sender: str
    #: What the receiver was told before of the same.
    earlier: Sequence[Earlier]
    #: `definition` and `shape` (GeoJSON) of the fence; None: no area.
    fence: Mapping[str, Any] | None
    exercise: bool


class CapBody:
    """Makes the bodies that a `Webhook` posts."""

    def __init__(self, outbox: Outbox, sender: str) -> None:
        self._outbox = outbox
        self._sender = sender

    async def __call__(self, telling: Telling, subscription: Subscription) -> tuple[str, bytes]:
        """The content type and the XML; raises DatabaseUnreachable."""
        body = telling.body
        fence = None
        if body.get("fence"):
            fence = await self._outbox.fence_shape(body["fence"], body["fence_version"])
        surroundings = Surroundings(
            sender=self._sender,
            earlier=await self._outbox.earlier(subscription.id, telling),
            fence=fence,
            exercise=await self._outbox.is_demo(),
        )
        return CONTENT_TYPE, cap_alert(telling, subscription, surroundings)


def cap_alert(telling: Telling, subscription: Subscription, around: Surroundings) -> bytes:
    """The `<alert>` as UTF-8 XML."""
    root = etree.Element(_name("alert"), nsmap={None: NAMESPACE})
    kind = message_type(telling, around.earlier)
    _add(root, "identifier", str(telling.id))
    _add(root, "sender", around.sender)
    _add(root, "sent", _moment(telling.created_at))
    _add(root, "status", _status(telling, around))
    _add(root, "msgType", kind)
    _add(root, "scope", "Restricted")
    _add(root, "restriction", f"{subscription.department}")
    if kind != "Alert":
        _add(root, "references", " ".join(_reference(each, around) for each in around.earlier))
    if telling.body.get("event"):
        _add(root, "incidents", str(telling.body["event"]))
    for language, tag in _LANGUAGES:
        root.append(_info(telling, subscription, around, (language, tag)))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def message_type(telling: Telling, earlier: Sequence[Earlier]) -> MessageType:
    """Cancel and Update need something that they refer to; what was told first is an Alert."""
    if not earlier:
        return "Alert"
    return "Cancel" if _is_cancelled(telling) else "Update"


def _is_cancelled(telling: Telling) -> bool:
    alerts = telling.body.get("alerts", ())
    return telling.body.get("status") == "withdrawn" or bool(
        alerts and all(alert["close_reason"] in _CANCELS for alert in alerts)
    )


def _is_over(telling: Telling) -> bool:
    alerts = telling.body.get("alerts", ())
    return bool(alerts) and all(alert["state"] == "closed" for alert in alerts)


def _status(telling: Telling, around: Surroundings) -> str:
    if telling.body.get("kind") == "test":
        return "Test"
    return "Exercise" if around.exercise else "Actual"


def _info(
    telling: Telling,
    subscription: Subscription,
    around: Surroundings,
    languages: tuple[Language, str],
) -> etree._Element:
    language, tag = languages
    body, over = telling.body, _is_over(telling)
    info = etree.Element(_name("info"))
    _add(info, "language", tag)
    _add(info, "category", "Transport")
    _add(info, "event", say(language, "told.cap.event"))
    _add(info, "responseType", "AllClear" if over else "Assess")
    _add(info, "urgency", "Past" if over or body.get("late") else "Immediate")
    _add(info, "severity", _SEVERITY[severity_of(telling)])
    doubtful = body.get("gap") or body.get("interpolated")
    _add(info, "certainty", "Likely" if doubtful else "Observed")
    _add(info, "effective", _moment(telling.created_at))
    if body.get("time"):
        _add(info, "onset", _moment(datetime.fromisoformat(body["time"])))
    name = subscription.department_name.get(language) or subscription.department
    _add(info, "senderName", name)
    _add(info, "headline", headline(telling, language))
    _add(info, "description", "\n".join(lines(telling, language)))
    for key in ("vehicle", "fence", "kind"):
        if body.get(key):
            parameter = etree.SubElement(info, _name("parameter"))
            _add(parameter, "valueName", key)
            _add(parameter, "value", str(body[key]))
    if around.fence is not None:
        info.append(_area(telling, around.fence, language))
    return info


def _area(telling: Telling, fence: Mapping[str, Any], language: Language) -> etree._Element:
    area = etree.Element(_name("area"))
    name = (telling.body.get("fence_name") or {}).get(language)
    _add(area, "areaDesc", str(name or telling.body["fence"]))
    circle = fence["definition"].get("circle")
    if circle is not None:
        lon, lat = circle["center"]
        _add(area, "circle", f"{lat},{lon} {circle['radius_m'] / 1000}")
        return area
    shape = fence["shape"]
    parts = [shape["coordinates"]] if shape["type"] == "Polygon" else shape["coordinates"]
    for rings in parts:
        _add(area, "polygon", " ".join(f"{lat},{lon}" for lon, lat, *_ in rings[0]))
    return area


def _reference(earlier: Earlier, around: Surroundings) -> str:
    return f"{around.sender},{earlier.id},{_moment(earlier.created_at)}"


def _moment(at: datetime) -> str:
    return at.astimezone(_ZONE).isoformat(timespec="seconds")


def _name(tag: str) -> str:
    return f"{{{NAMESPACE}}}{tag}"


def _add(parent: etree._Element, tag: str, text: str) -> None:
    # What XML has no way to say is left out: a name may have come from anywhere.
    etree.SubElement(parent, _name(tag)).text = "".join(c for c in text if _is_xml(c))


def _is_xml(character: str) -> bool:
    if character < " ":
        return character in "\t\n\r"
    return character not in "\ufffe\uffff" and not "\ud800" <= character <= "\udfff"
