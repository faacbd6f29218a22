"""The AsyncAPI document: valid by the specification's own schema, and true of what we read."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from typer.testing import CliRunner

from devices.asyncapi import document
from devices.cli import app
from devices.contract import Topic, parse_batch, parse_state, parse_topic, split_header
from devices.nmea import Decoder
from devices.payloads import Ack, read

ROOT = Path(__file__).parents[3]
SPECIFICATION = ROOT / "maps/console/node_modules/@asyncapi/specs/schemas/3.0.0.json"
MESSAGES = document()["components"]["messages"]


def printed(*options: str) -> str:
    result = CliRunner().invoke(app, ["contract", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def validator(name: str) -> Draft7Validator:
    """Of a message's payload, by the document alone."""
    whole = json.loads(printed("--format", "json"))
    schema = whole["components"]["messages"][name]["payload"]
    return Draft7Validator({**whole, **schema}, format_checker=FormatChecker())


def examples(name: str) -> dict[str, Any]:
    return {each["name"]: each["payload"] for each in MESSAGES[name]["examples"]}


def test_it_is_valid_by_the_schema_of_asyncapi() -> None:
    specification = json.loads(SPECIFICATION.read_text(encoding="utf-8"))
    whole = json.loads(printed("--format", "json"))
    Draft7Validator(specification).validate(whole)
    del whole["channels"]["ack"]["address"]
    whole["channels"]["ack"]["adress"] = "gov"
    with pytest.raises(ValidationError):
        Draft7Validator(specification).validate(whole)


def test_every_reference_in_it_leads_somewhere() -> None:
    text = printed("--format", "json")
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', text))
    assert len(references) > 10
    for reference in references:
        at = json.loads(text)
        for part in reference.split("/"):
            at = at[part]


def test_yaml_and_json_say_the_same_and_the_committed_one_is_new() -> None:
    text = printed()
    assert yaml.safe_load(text) == json.loads(printed("--format", "json"))
    committed = (ROOT / "docs/asyncapi.yaml").read_text(encoding="utf-8")
    assert committed == text, "milepost contract > docs/asyncapi.yaml"


@pytest.mark.parametrize("name", MESSAGES)
def test_examples_fit_their_schema(name: str) -> None:
    assert examples(name)
    for said in examples(name).values():
        validator(name).validate(said)


@pytest.mark.parametrize("name", MESSAGES)
def test_its_channels_are_topics_of_the_contract(name: str) -> None:
    address = document()["channels"][name]["address"]
    topic = parse_topic(address.format(department="FSD", device="box1"))
    assert topic == Topic(department_ref="FSD", device_ref="box1", kind=name)


@pytest.mark.parametrize("said", examples("nmea").values(), ids=examples("nmea"))
def test_sentences_of_the_examples_are_read(said: str) -> None:
    header, body = split_header(said.encode())
    decoder = Decoder()
    decoded = decoder.feed(body)
    decoded.extend(decoder.finish())
    assert (len(decoded.fixes), decoded.refused) == (1, [])
    assert (header is not None) == said.startswith("#")


@pytest.mark.parametrize("said", examples("fix").values(), ids=examples("fix"))
def test_fixes_of_the_examples_are_read(said: dict[str, Any]) -> None:
    batch = parse_batch(json.dumps(said).encode())
    assert (batch.boot, batch.seq, batch.refused) == (said["boot"], said["seq"], [])
    assert len(batch.fixes) == len(said["fixes"])


@pytest.mark.parametrize("said", examples("state").values(), ids=examples("state"))
def test_states_of_the_examples_are_read(said: dict[str, Any]) -> None:
    state = parse_state(json.dumps(said).encode())
    assert not isinstance(state, str)
    assert (state.online, state.boot, state.firmware) == (
        said["online"],
        said["boot"],
        said.get("fw"),
    )


@pytest.mark.parametrize("said", examples("ack").values(), ids=examples("ack"))
def test_acknowledgements_of_the_examples_are_read(said: dict[str, Any]) -> None:
    assert isinstance(read(Ack, said), Ack)


@pytest.mark.parametrize(
    "change",
    [
        {"lat": 90.001},
        {"lon": -180.001},
        {"lat": "22.3"},
        {"t": None},
        {"spd": -0.1},
        {"crs": 361},
        {"acc": 1e9},
        {"sat": 4e4},
    ],
)
def test_what_we_refuse_the_document_forbids(change: dict[str, Any]) -> None:
    said = examples("fix")["smallest"]
    said = {**said, "fixes": [{**said["fixes"][0], **change}]}
    assert parse_batch(json.dumps(said).encode()).refused
    assert not validator("fix").is_valid(said)
