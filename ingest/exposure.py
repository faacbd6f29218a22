"""What `milepost doctor --security` asks about the broker."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from ingest.errors import BadCertificate, NoTls
from ingest.listener import ListenerSettings
from tracker.data_folder import DataFolder
from tracker.doctor import Check
from tracker.exposure import check_port
from tracker.hosts import is_loopback


def check_broker_exposure(data: DataFolder, mqtt_url: str | None) -> Iterator[Check]:
    """Who can reach the broker, and whether what is said there can be overheard."""
    if mqtt_url is not None:
        yield _check_outside(mqtt_url)
        return
    cure = "stop other brokers here; devices elsewhere come in by MILEPOST_BROKER_HOST, with TLS"
    port = data.ports().get("mqtt") if data.holder() is not None else None
    yield check_port("broker", port, cure)
    listener = ListenerSettings()
    if listener.host is None:
        yield Check("broker outside", "off (MILEPOST_BROKER_HOST)")
        return
    try:
        listener.check()
    except (NoTls, BadCertificate) as error:
        yield Check("broker outside", str(error), "name both PEM files, readable by this user")
        return
    yield Check("broker outside", f"{listener.host}:{listener.port} with TLS")


def _check_outside(url: str) -> Check:
    place = urlsplit(url)
    host = place.hostname or ""
    if place.scheme != "mqtts" and not is_loopback(host):
        return Check("broker", f"{host} without TLS (MILEPOST_MQTT_URL)", "use mqtts://")
    return Check("broker", f"{host} (MILEPOST_MQTT_URL)")
