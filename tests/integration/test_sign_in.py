"""Devices sign in at the private broker: own topics, own name, changes while they run."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from tests.integration.processes import children_of
from tests.integration.service import (
    Service,
    free_port,
    milepost,
    registered,
    running_service,
    served,
)
from tests.integration.session import Session
from tests.integration.signed_in import WITHIN_S, box, position
from tracker.child import tcp_listeners, wait_for
from tracker.data_folder import DataFolder
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

NUMBERS = range(1, 8)
THINGS: list[New] = [
    NewDepartment(ref="FSD"),
    *(NewVehicle(ref=f"V-{number}", department="FSD") for number in NUMBERS),
    *(NewDevice(ref=f"box-{n}", department="FSD", vehicle=f"V-{n}") for n in NUMBERS),
]
VERSIONS = pytest.mark.parametrize(
    "protocol", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5], ids=["3.1.1", "5"]
)


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service in which each client has to sign in."""
    with running_service(*THINGS) as running:
        with box(port(running), client_id="nameless") as nameless:
            assert nameless.report("FSD/box-1", "first"), "before the first password"
            running.milepost("device", "password", "FSD/box-7")
            assert nameless.is_refused(), "and after it"
        yield running


def port(service: Service) -> int:
    return service.data.ports()["mqtt"]


def password(service: Service, full_ref: str) -> str:
    """A new password that the broker knows."""
    made = service.milepost("device", "password", full_ref).strip()
    with box(port(service), full_ref, made) as probe:
        assert wait_for(lambda: "Success" in probe.answers, WITHIN_S)
    return made


def boot() -> str:
    return f"b{secrets.token_hex(4)}"


async def fixes(service: Service, vehicle: str) -> int:
    connection = await asyncpg.connect(service.dsn("milepost_owner"))
    try:
        statement = (
            "SELECT count(*) FROM fix JOIN vehicle AS v ON v.id = vehicle_id WHERE v.ref = $1"
        )
        return int(await connection.fetchval(statement, vehicle))
    finally:
        await connection.close()


@VERSIONS
async def test_a_device_reports_on_its_own_topic_and_on_no_other(
    service: Service, protocol: MQTTProtocolVersion
) -> None:
    before, others = await fixes(service, "V-1"), await fixes(service, "V-2")
    secret = password(service, "FSD/box-1")
    with box(port(service), "FSD/box-1", secret, protocol=protocol) as own:
        assert own.is_in()
        assert own.report("FSD/box-1", boot())
        own.client.publish("gov/1/FSD/box-2/nmea", position(), qos=1)
        if protocol is MQTTProtocolVersion.MQTTv5:
            assert wait_for(lambda: own.refusals == ["Not authorized"], WITHIN_S)
        assert own.is_in()
        own.published = 0
        assert own.report("FSD/box-1", boot()), "what came after the stolen one is stored"
    assert await fixes(service, "V-1") == before + 2
    assert await fixes(service, "V-2") == others


def test_a_device_on_a_wrong_topic_is_seen(service: Service) -> None:
    with box(port(service), "FSD/box-6", password(service, "FSD/box-6")) as lost:
        assert lost.is_in()
        lost.client.publish("gov/1/FSD/box-1/nmea", position(), qos=1)
        assert wait_for(lambda: "FSD/box-6" in service.milepost("status"), WITHIN_S)
    assert "on a topic not their own" in service.milepost("status")


def test_a_device_hears_what_is_for_it_and_nothing_else(service: Service) -> None:
    with (
        box(port(service), "FSD/box-1", password(service, "FSD/box-1")) as one,
        box(port(service), "FSD/box-2", password(service, "FSD/box-2")) as two,
    ):
        assert one.is_in()
        assert two.is_in()
        assert two.report("FSD/box-2", boot())
        assert one.report("FSD/box-1", boot())
    assert set(one.heard) == {"gov/1/FSD/box-1/ack"}
    assert set(two.heard) == {"gov/1/FSD/box-2/ack"}


def test_a_device_cannot_take_another_ones_session(service: Service) -> None:
    with box(port(service), "FSD/box-1", password(service, "FSD/box-1")) as one:
        assert one.is_in()
        secret = password(service, "FSD/box-2")
        for taken in ("FSD/box-1", "milepost-ingest-1"):
            with box(port(service), "FSD/box-2", secret, client_id=taken) as two:
                assert two.is_in()
                assert two.report("FSD/box-2", boot())
        assert one.report("FSD/box-1", boot())
        assert one.lost == 0
        assert one.answers == ["Success"]


@VERSIONS
def test_a_wrong_password_and_an_unknown_name_are_refused(
    service: Service, protocol: MQTTProtocolVersion
) -> None:
    secret = password(service, "FSD/box-1")
    for name, tried in (("FSD/box-1", "wrong"), ("FSD/box-3", secret), ("FSD/no-box", secret)):
        with box(port(service), name, tried, protocol=protocol) as client:
            assert client.is_refused(), name


def test_a_new_password_ends_the_old_one_at_once_and_disturbs_no_other(service: Service) -> None:
    old, other = password(service, "FSD/box-1"), password(service, "FSD/box-2")
    with (
        box(port(service), "FSD/box-1", old) as client,
        box(port(service), "FSD/box-2", other) as undisturbed,
    ):
        assert client.is_in()
        assert undisturbed.is_in()
        new = service.milepost("device", "password", "FSD/box-1").strip()
        assert client.is_refused(), "it was thrown out, and the old password lets it in no more"
        client.client.username_pw_set("FSD/box-1", new)
        assert client.is_in()
        assert client.report("FSD/box-1", boot())
        assert undisturbed.report("FSD/box-2", boot())
        assert undisturbed.lost == 0


def test_a_retired_device_is_thrown_out_and_its_vehicle_is_free(service: Service) -> None:
    with box(port(service), "FSD/box-4", password(service, "FSD/box-4")) as client:
        assert client.is_in()
        service.milepost("device", "retire", "FSD/box-4")
        assert client.is_refused()
    service.milepost("device", "add", "box-4b", "-d", "FSD", "--no-password")
    rows = {row.split()[0]: row.split() for row in service.milepost("device", "list").splitlines()}
    assert rows["FSD/box-4"][1] == "-", "in no vehicle"
    assert rows["FSD/box-4b"][-4:-2] == ["False", "-"], "no password, not retired"


def test_after_kills_the_same_devices_sign_in_and_nobody_else(service: Service) -> None:
    secret = password(service, "FSD/box-1")
    service.kill("ingest")
    service.kill("Mosquitto")
    with box(port(service), "FSD/box-1", secret) as client, box(port(service)) as nameless:
        assert client.is_in()
        assert client.report("FSD/box-1", boot())
        assert nameless.is_refused()


def test_secrets_stand_in_no_log_no_command_line_and_no_environment(service: Service) -> None:
    said = service.milepost("device", "add", "box-8", "--department", "FSD")
    [shown] = re.findall(r"^  ([\w-]{43})$", said, re.MULTILINE)
    secret = password(service, "FSD/box-1")
    files = sorted(service.data.run.glob("*.password"))
    assert [file.name for file in files] == [
        "milepost-ingest-1.password",
        "milepost-simulator.password",
        "milepost-tail.password",
        "milepost-teller.password",
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    with box(port(service), "FSD/box-8", shown) as client:
        assert client.is_in()
    secrets_known = [shown, secret, *(file.read_text().strip() for file in files)]
    public = [path.read_bytes() for path in service.data.log.iterdir()]
    for pid in children_of(service.session.process.pid):
        public += [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    public.append("\n".join(service.session.lines).encode())
    public.append((service.data.path / "broker" / "passwords").read_bytes())
    for each in secrets_known:
        assert len(each) == 43
        assert not any(each.encode() in text for text in public)


def test_a_tail_signs_in_by_itself_and_leaves_ingest_alone(service: Service) -> None:
    secret = password(service, "FSD/box-1")
    folder = f"MILEPOST_DATA={service.data.path}"
    follow = (sys.executable, "-m", "milepost", "device", "tail", "FSD/box-1")
    with (
        Session("/usr/bin/env", folder, *follow) as tail,
        box(port(service), "FSD/box-1", secret) as client,
    ):
        tail.expect("Listening to FSD/box-1")
        assert client.is_in()
        assert client.report("FSD/box-1", boot())
        tail.expect("for FSD/V-1")
        tail.expect("durable 1")


@pytest.fixture
def stopped() -> Iterator[DataFolder]:
    """A service that does not run, and no device with a password."""
    with registered(*THINGS) as data:
        yield data


def test_other_machines_get_in_with_tls_and_a_password_only(
    stopped: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside, certificate = free_port(), make_certificate(stopped)
    monkeypatch.setenv("MILEPOST_BROKER_HOST", "0.0.0.0")  # noqa: S104  what is tested
    monkeypatch.setenv("MILEPOST_BROKER_PORT", str(outside))
    assert "only with TLS" in refusal(stopped)
    monkeypatch.setenv("MILEPOST_BROKER_CERT_FILE", str(certificate))
    monkeypatch.setenv("MILEPOST_BROKER_KEY_FILE", str(certificate))
    assert "cannot use" in refusal(stopped), "a certificate is no key"
    monkeypatch.setenv("MILEPOST_BROKER_KEY_FILE", str(certificate.with_name("key.pem")))
    assert "only when every device has to sign in" in refusal(stopped)

    secret = milepost(stopped, "device", "password", "FSD/box-1").strip()
    with served(stopped) as service:
        assert tcp_listeners(service.session.pid("Mosquitto")) == {
            f"0100007F:{port(service):04X}",
            f"00000000:{outside:04X}",
        }
        with (
            box(outside, "FSD/box-1", secret, authority=certificate) as device,
            box(outside, authority=certificate) as nameless,
            box(outside, "FSD/box-1", secret) as plain,
        ):
            assert device.is_in()
            assert device.report("FSD/box-1", boot())
            assert nameless.is_refused()
            assert not plain.answers
        assert not [line for line in service.session.lines if "starts anew" in line], (
            "clients without a name were refused from the first moment"
        )


def make_certificate(data: DataFolder) -> Path:
    """A certificate for this machine, its key.pem beside it."""
    folder = data.path.parent
    subprocess.run(  # noqa: S603  the test's own command line
        [
            *("/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt"),
            *("ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"),
        ],
        check=True,
        capture_output=True,
    )
    return folder / "certificate.pem"


def refusal(data: DataFolder) -> str:
    """What `milepost run` says when it does not start."""
    command = ("-m", "milepost", "run", "--data", str(data.path), "--port", str(free_port()))
    session = Session(sys.executable, *command)
    assert session.end() == 1
    return session.lines[-1]
