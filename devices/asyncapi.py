"""The MQTT contract as an AsyncAPI 3.0 document, made from the models that read the payloads."""

from __future__ import annotations

import json
from typing import Any, Final, NamedTuple

import yaml
from pydantic.json_schema import models_json_schema

from devices.contract import PAYLOAD_LIMIT_BYTES
from devices.payloads import HEADER_PATTERN, Ack, FixBatch, State

Json = dict[str, Any]

BINDING: Final = "0.2.0"
RMC: Final = "$GNRMC,160004.20,A,2218.03780,N,11410.09980,E,12.05,84.4,231126,,,A*72"
GGA: Final = "$GNGGA,160004.20,2218.03780,N,11410.09980,E,1,09,0.9,12.0,M,-2.1,M,,*56"
ABOUT: Final = """\
What a device says to Milepost, and what it hears back.

**The promise.** A device keeps a message until `ack` names it: only then is it stored, on disk,
once. A PUBACK says that the broker has the message, and a broker can lose it. So:

1. At each start take a new `boot`, one that you never used before, and count `seq` from 1 without
   holes, over `nmea` and `fix` together. Keep each message until it is acknowledged.
2. Publish with QoS 1, as the connection allows; no need to wait for one `ack` before the next.
3. On `ack`: forget all numbers up to `upto` and in the ranges of `also`. Those in `bad` too: they
   held something that is refused for good, and are no better when sent again.
4. What no `ack` has named for 20 s: send it again, unchanged. Repeats are absorbed.

Late is never an error. A message without `boot` and `seq` is stored, but never acknowledged.
MQTT 3.1.1 and 5 both work: nothing that matters is in properties of MQTT 5 alone."""


class Kind(NamedTuple):
    """One channel: the last level of its topic, and how its messages go."""

    name: str
    title: str
    description: str
    #: As the application sees it.
    action: str
    qos: int
    content_type: str
    payload: Json
    #: Name → payload.
    examples: dict[str, object]
    retained: bool = False


def document() -> Json:
    """The whole document as JSON values."""
    kinds = _kinds()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Milepost: MQTT for devices",
            "version": "1.0.0",
            "description": ABOUT,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {kind.name: _channel(kind) for kind in kinds},
        "operations": {_verb(kind): _operation(kind) for kind in kinds},
        "components": {
            "parameters": _parameters(),
            "messages": {kind.name: _message(kind) for kind in kinds},
            "schemas": _schemas(),
            "securitySchemes": {
                "password": {
                    "type": "userPassword",
                    "description": "The user name is the device's full ref,"
                    " `{department}/{device}`; `milepost device add` and `milepost device password`"
                    " print its password once. The client id is the user name too.",
                }
            },
        },
    }


def as_json() -> str:
    """The document as JSON text."""
    return f"{json.dumps(document(), indent=2, ensure_ascii=False)}\n"


def as_yaml() -> str:
    """The document as YAML text."""
    return yaml.dump(document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)


class _Plain(yaml.SafeDumper):
    """Writes what is said twice twice, and texts of several lines as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        """No anchors: they save the reader nothing."""
        return True


def _text_node(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and "\r" not in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Plain.add_representer(str, _text_node)


def _kinds() -> list[Kind]:
    return [
        Kind(
            name="nmea",
            title="Sentences",
            description="Whole lines of NMEA 0183 and whole epochs: the end of the payload ends"
            " both. The first line may be `#boot,seq`, with state: `,ign=1`, `,acc=4.5` (metres),"
            " `,in.NAME=VALUE`. TAG blocks are read.",
            action="receive",
            qos=1,
            content_type="text/plain",
            payload={"$ref": "#/components/schemas/Sentences"},
            examples={
                "epoch": f"#b7,1201\r\n{RMC}\r\n{GGA}\r\n",
                "withState": f"#b7,1202,ign=1,acc=4.5,in.bottom_door=0\n{RMC}",
                "withoutNumber": f"{RMC}\r\n",
            },
        ),
        Kind(
            name="fix",
            title="Fixes",
            description="For devices that do not speak NMEA 0183: positions as JSON.",
            action="receive",
            qos=1,
            content_type="application/json",
            payload={"$ref": "#/components/schemas/FixBatch"},
            examples={"full": _batch(), "smallest": _smallest_batch()},
        ),
        Kind(
            name="state",
            title="State",
            description="Published, retained, after each connect with `online` true; the same"
            " topic with `online` false is the device's last will.",
            action="receive",
            qos=1,
            content_type="application/json",
            payload={"$ref": "#/components/schemas/State"},
            examples={
                "birth": {"online": True, "boot": "b7", "fw": "1.4", "proto": 1},
                "lastWill": {"online": False, "boot": "b7"},
            },
            retained=True,
        ),
        Kind(
            name="ack",
            title="Acknowledgement",
            description="Cumulative, at once on a message after a silence, then at most one in 5 s"
            " or 100 messages. QoS 0 is enough: the next one repeats what a lost one said.",
            action="send",
            qos=0,
            content_type="application/json",
            payload={"$ref": "#/components/schemas/Ack"},
            examples={
                "inOrder": {"boot": "b7", "upto": 1234, "also": [], "bad": []},
                "withHoles": {"boot": "b7", "upto": 1234, "also": [[1240, 1250]], "bad": [1207]},
            },
        ),
    ]


def _batch() -> Json:
    fix = {"t": "2026-11-23T16:00:04.200Z", "lat": 22.30063, "lon": 114.16833, "alt": 12}
    motion = {"spd": 6.2, "crs": 84.4, "hdg": 82.0, "acc": 4.5, "hdop": 0.9, "sat": 9}
    inputs = {"ign": True, "in": {"bottom_door": False, "draught_m": 1.5}}
    return {
        "boot": "b7",
        "seq": 1203,
        "sent": "2026-11-23T16:00:05Z",
        "fixes": [fix | motion | inputs],
    }


def _smallest_batch() -> Json:
    return {
        "boot": "b7",
        "seq": 1204,
        "fixes": [{"t": "2026-11-23T16:00:05Z", "lat": 22.3, "lon": 114.17}],
    }


def _servers() -> Json:
    shared: Json = {
        "security": [{"$ref": "#/components/securitySchemes/password"}],
        "bindings": {
            "mqtt": {
                "clientId": "{department}/{device}",
                "cleanSession": False,
                "lastWill": {
                    "topic": "gov/1/{department}/{device}/state",
                    "qos": 1,
                    "message": '{"online":false,"boot":"b7"}',
                    "retain": True,
                },
                "keepAlive": 60,
                "bindingVersion": BINDING,
            }
        },
    }
    return {
        "outside": {
            "host": "{host}:8883",
            "protocol": "secure-mqtt",
            "description": "TLS; verify the server's certificate, and keep to it.",
            "variables": {"host": {"description": "As the service's administrator says."}},
            **shared,
        },
        "loopback": {
            "host": "127.0.0.1:1883",
            "protocol": "mqtt",
            "description": "On the machine of the service itself, for a first try. Until the first"
            " device has a password, clients without a name are welcome here.",
            **shared,
        },
    }


def _parameters() -> Json:
    return {
        "department": {"description": "The ref of the department that the device belongs to."},
        "device": {
            "description": "The device's ref: of the box, not of the vehicle that it is in today."
        },
    }


def _channel(kind: Kind) -> Json:
    return {
        "address": f"gov/1/{{department}}/{{device}}/{kind.name}",
        "title": kind.title,
        "description": kind.description,
        "parameters": {name: {"$ref": f"#/components/parameters/{name}"} for name in _parameters()},
        "messages": {kind.name: {"$ref": f"#/components/messages/{kind.name}"}},
    }


def _verb(kind: Kind) -> str:
    return f"{kind.action}{kind.name.capitalize()}"


def _operation(kind: Kind) -> Json:
    return {
        "action": kind.action,
        "channel": {"$ref": f"#/channels/{kind.name}"},
        "summary": f"{'Read from' if kind.action == 'receive' else 'Told to'} a device.",
        "messages": [{"$ref": f"#/channels/{kind.name}/messages/{kind.name}"}],
        "bindings": {"mqtt": {"qos": kind.qos, "retain": kind.retained, "bindingVersion": BINDING}},
    }


def _message(kind: Kind) -> Json:
    return {
        "name": kind.name,
        "title": kind.title,
        "contentType": kind.content_type,
        "payload": kind.payload,
        "examples": [{"name": name, "payload": said} for name, said in kind.examples.items()],
        "bindings": {"mqtt": {"contentType": kind.content_type, "bindingVersion": BINDING}},
    }


def _schemas() -> Json:
    _, made = models_json_schema(
        [(FixBatch, "validation"), (State, "validation"), (Ack, "validation")],
        ref_template="#/components/schemas/{model}",
    )
    schemas = {name: _plain(schema) for name, schema in made["$defs"].items()}
    schemas["Sentences"] = {
        "type": "string",
        "description": f"At most {PAYLOAD_LIMIT_BYTES // 1024} KiB, ASCII, LF or CRLF.",
        "minLength": 1,
        "maxLength": PAYLOAD_LIMIT_BYTES,
        "pattern": rf"^({HEADER_PATTERN}\n)?[!$\\]",
    }
    return dict(sorted(schemas.items()))


def _plain(schema: Json) -> Json:
    """Without the titles that repeat names, and the defaults that say no more than "missing"."""
    plain = {key: value for key, value in schema.items() if key not in ("title", "default")}
    plain["properties"] = {
        name: {key: value for key, value in each.items() if key not in ("title", "default")}
        for name, each in schema.get("properties", {}).items()
    }
    return plain
