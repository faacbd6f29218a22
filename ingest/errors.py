"""What can go wrong in ingest. The docstring is the message and names the cure.

IngestError
├── BadSource
├── BadTable
├── ReadTwice
├── BrokerAway
├── NoSource
├── PortBusy
├── PortForbidden
├── NoTls
├── BadCertificate
├── AnonymousOutside
├── PushOutside
├── PushCertificate
└── PushRefused         what is answered to a push: ingest/sources/push_problems.py
"""

from __future__ import annotations

import inspect


class IngestError(Exception):
    """Ingest cannot go on."""

    def __init__(self, detail: str = "") -> None:
        """Take the message from the docstring, and append what this case adds."""
        super().__init__(f"{inspect.cleandoc(self.__doc__ or '')} {detail}".strip())


class BadSource(IngestError):
    """A source must read like `serial:/dev/ttyUSB0?device=FSD/box1&baud=9600` or `tcp://host:10110?device=FSD/box1` (docs/sources.md). This does not:"""  # noqa: E501  the sentence is the message


class BadTable(IngestError):
    """The table of sources cannot be used (docs/sources.md shows each kind; `milepost ingest --check` tries it):"""  # noqa: E501  the sentence is the message


class ReadTwice(IngestError):
    """Two sources read from one place, and would take the bytes from each other: leave one out."""


class BrokerAway(IngestError):
    """The MQTT broker does not answer: is `milepost run` up, or MILEPOST_MQTT_URL right?"""


class NoSource(IngestError):
    """There is nothing to read from: set MILEPOST_MQTT_URL or MILEPOST_SOURCES, write a table of sources (docs/sources.md), or use `milepost run`."""  # noqa: E501  the sentence is the message


class PortBusy(IngestError):
    """Another program reads this serial port: stop it (`fuser -v` on the port says which; often gpsd or ModemManager)."""  # noqa: E501  the sentence is the message


class PortForbidden(IngestError):
    """This user may not open the serial port: `sudo usermod -aG dialout USER`, then sign in anew."""  # noqa: E501  the sentence is the message


class NoTls(IngestError):
    """The broker serves other machines (MILEPOST_BROKER_HOST) only with TLS: name the PEM files of a certificate and its key in MILEPOST_BROKER_CERT_FILE and MILEPOST_BROKER_KEY_FILE."""  # noqa: E501  the sentence is the message


class BadCertificate(IngestError):
    """The broker cannot use MILEPOST_BROKER_CERT_FILE and MILEPOST_BROKER_KEY_FILE: give it a PEM certificate and the key that belongs to it."""  # noqa: E501  the sentence is the message


class AnonymousOutside(IngestError):
    """The broker serves other machines (MILEPOST_BROKER_HOST) only when every device has to sign in: give one a password first (milepost device password DEPARTMENT/REF), and keep the demonstration on this machine."""  # noqa: E501  the sentence is the message


class PushOutside(IngestError):
    """A source of kind `http` serves other machines only with TLS: give it `cert_file` and `key_file`, or say `behind_proxy=true` where a proxy in front of it does TLS."""  # noqa: E501  the sentence is the message


class PushCertificate(IngestError):
    """A source of kind `http` cannot use its `cert_file` and `key_file`: give it a PEM certificate and the key that belongs to it."""  # noqa: E501  the sentence is the message
