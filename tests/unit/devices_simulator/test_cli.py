"""`milepost simulate`, as it is called."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from devices.nmea import Decoder
from devices.simulate_cli import app


def test_it_says_what_it_does_and_ends_by_itself(broker_port: int, tmp_path: Path) -> None:
    recording = tmp_path / "hour.nmea"
    broker = f"mqtt://127.0.0.1:{broker_port}"
    result = CliRunner().invoke(
        app, ["--mqtt", broker, "--seconds", "0.2", "--scale", "0", "--recording", str(recording)]
    )
    decoder = Decoder()

    assert result.exit_code == 0, result.output
    assert "51 vehicles of the Demo Administration (示範政府)" in result.output
    assert "published" in result.output
    found = decoder.feed(recording.read_bytes()).fixes + decoder.finish().fixes
    assert len(found) == 3_600


def test_a_password_is_shown_neither_in_its_lines_nor_in_its_errors(broker_port: int) -> None:
    place = f"127.0.0.1:{broker_port}"
    result = CliRunner().invoke(
        app, ["--mqtt", f"mqtt://box:s3cret@{place}", "--seconds", "0.2", "--scale", "0"]
    )
    refused = CliRunner().invoke(app, ["--mqtt", "mqtt://box:s3cret@host:0", "--scale", "0"])

    assert f"mqtt://{place}." in result.output
    assert refused.exit_code == 1
    assert "mqtt://host:0" in refused.output
    assert "s3cret" not in result.output + refused.output


@pytest.mark.parametrize(
    "address", ["localhost", "http://127.0.0.1", "mqtt://", "mqtt://h:port", "mqtt://h:0"]
)
def test_an_address_that_is_none_is_refused_with_the_cure(address: str) -> None:
    result = CliRunner().invoke(app, ["--mqtt", address, "--scale", "0"])

    assert result.exit_code == 1
    assert "Write mqtt://" in result.stderr
    assert address in result.stderr
