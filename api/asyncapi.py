"""What the service tells by itself, as an AsyncAPI 3.0 document made of the models.

What devices say is another document: `milepost contract`.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any, Final, NamedTuple

from fastapi import APIRouter
from pydantic.json_schema import models_json_schema
from starlette.responses import JSONResponse, Response

from api.alert_models import AlertsMessage
from api.caller import OPEN
from api.event_models import CloudEvent, FenceEventData, StreamEnd, VehicleMovedData
from api.live_models import LiveChanged, LiveDuty, LiveFrame, LiveHello, LivePing, LiveResync
from api.outgoing.cloud_event import CONTENT_TYPE

Json = dict[str, Any]

router = APIRouter(tags=["service"])

_MODELS: Final = (
    *(FenceEventData, VehicleMovedData, StreamEnd, AlertsMessage),
    *(LiveHello, LiveFrame, LiveChanged, LiveDuty, LivePing, LiveResync),
)
_ABOUT: Final = """\
What Milepost tells by itself. Every event is a CloudEvent 1.0 with the same body over the event
stream and webhooks; its `id` is the event's at its first telling and another one for each later
revision, so a repeat is known by it. What devices say over MQTT stands in docs/asyncapi.yaml."""


class Channel(NamedTuple):
    """One way, and what goes over it."""

    name: str
    address: str | None
    title: str
    description: str
    servers: tuple[str, ...]
    #: Names of messages that the service sends, and that it takes.
    sends: tuple[str, ...]
    takes: tuple[str, ...] = ()


_EVENTS: Final = ("fence", "signal", "alert")
_CHANNELS: Final = (
    Channel(
        name="events",
        address="/v1/events",
        title="Event stream",
        description="Server-sent events. `kinds` chooses of alerts, fences, signals, vehicles."
        " Come again with `Last-Event-ID`: nothing is lost and nothing comes twice."
        " `end` is the last one.",
        servers=("http",),
        sends=(*_EVENTS, "vehicle", "streamHello", "streamReset", "streamEnd"),
    ),
    Channel(
        name="live",
        address="/v1/live",
        title="Live feed",
        description="WebSocket with `?format=json`; binary frames say the same (api/README.md).",
        servers=("websocket",),
        sends=("liveHello", "liveFrame", "liveAlerts", "liveDuty", "liveChanged", "livePing"),
        takes=("liveResync",),
    ),
    Channel(
        name="webhook",
        address=None,
        title="Webhook",
        description="POST to a subscription's https address, signed as Standard Webhooks has it."
        " Any 2xx within 5 s takes it; 410 ends the subscription.",
        servers=(),
        sends=_EVENTS,
    ),
)


def document() -> Json:
    """The whole document as JSON values."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Milepost: events, live feed, webhooks",
            "version": version("milepost"),
            "description": _ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {channel.name: _channel(channel) for channel in _CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": _messages(),
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key: `mp_…`."}
            },
        },
    }


@router.get("/v1/asyncapi.json", response_model=Json, openapi_extra=OPEN)
def asyncapi() -> Response:
    """What the service tells by itself, in AsyncAPI 3.0; the same for everybody."""
    return JSONResponse(document())


def _servers() -> Json:
    return {
        name: {
            "host": "{host}",
            "protocol": protocol,
            "variables": {"host": {"description": "As the service's administrator says."}},
            "security": [{"$ref": "#/components/securitySchemes/key"}],
        }
        for name, protocol in (("http", "https"), ("websocket", "wss"))
    }


def _channel(channel: Channel) -> Json:
    messages = (*channel.sends, *channel.takes)
    return {
        "address": channel.address,
        "title": channel.title,
        "description": channel.description,
        "servers": [{"$ref": f"#/servers/{name}"} for name in channel.servers],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _operations() -> list[tuple[str, Json]]:
    found = []
    for channel in _CHANNELS:
        for action, names in (("send", channel.sends), ("receive", channel.takes)):
            if names:
                where = f"#/channels/{channel.name}"
                operation = {
                    "action": action,
                    "channel": {"$ref": where},
                    "summary": f"{channel.title}: what the service {action}s.",
                    "messages": [{"$ref": f"{where}/messages/{name}"} for name in names],
                }
                found.append((f"{action}{channel.name.capitalize()}", operation))
    return found


def _messages() -> Json:
    about = {
        "fence": ("FenceEvent", "A crossing, a dwell, a speed: `milepost.fence.*`", CONTENT_TYPE),
        "signal": (
            "FenceEvent",
            "A silence, a button, a sensor, two near each other: `milepost.vehicle.*`",
            CONTENT_TYPE,
        ),
        "alert": ("FenceEvent", "Something was done to an alert: `milepost.alert.*`", CONTENT_TYPE),
        "vehicle": ("VehicleMoved", "A vehicle moved: `milepost.vehicle.moved.v1`", CONTENT_TYPE),
        "streamHello": ("Nothing", "The stream begins behind this id", None),
        "streamReset": ("Nothing", "What was before this id can no longer be told", None),
        "streamEnd": ("StreamEnd", "Why the stream ends", None),
        "liveHello": ("LiveHello", "The feed begins", None),
        "liveFrame": ("LiveFrame", "Where vehicles are", None),
        "liveAlerts": ("AlertsMessage", "New and changed alerts", None),
        "liveDuty": ("LiveDuty", "What vehicles do now, where somebody said it", None),
        "liveChanged": ("LiveChanged", "Vehicles, fences or grants changed", None),
        "livePing": ("LivePing", "The feed lives", None),
        "liveResync": ("LiveResync", "Asks for a snapshot", None),
    }
    return {
        name: {
            "name": name,
            "title": title,
            "contentType": kind or "application/json",
            "payload": {"$ref": f"#/components/schemas/{schema}"},
        }
        for name, (schema, title, kind) in about.items()
    }


def _schemas() -> Json:
    template = "#/components/schemas/{model}"
    _, made = models_json_schema([(m, "serialization") for m in _MODELS], ref_template=template)
    envelope = CloudEvent.model_json_schema(ref_template=template)
    schemas = {name: _plain(schema) for name, schema in made["$defs"].items()}
    for name, data in (("FenceEvent", "FenceEventData"), ("VehicleMoved", "VehicleMovedData")):
        properties = {**envelope["properties"], "data": {"$ref": f"#/components/schemas/{data}"}}
        schemas[name] = _plain({**envelope, "properties": properties})
    schemas["Nothing"] = {"type": "object", "additionalProperties": False}
    return dict(sorted(schemas.items()))


def _plain(schema: Json) -> Json:
    """Without the titles that repeat names."""
    plain = {key: value for key, value in schema.items() if key != "title"}
    if "properties" in schema:
        plain["properties"] = {
            name: {key: value for key, value in each.items() if key != "title"}
            for name, each in schema["properties"].items()
        }
    return plain
