"""How things are sent: `MILEPOST_TELL_*`, `MILEPOST_SMTP_*`, the broker's `MILEPOST_MQTT_*`."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


def _network(said: str) -> str:
    return str(ip_network(said))


Seconds = Annotated[float, Field(gt=0)]


class TellSettings(BaseSettings):
    """Times of retrying, and where requests may go."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_TELL_")

    #: How often is looked for something new.
    poll_s: Seconds = 0.5
    #: A receiver that has not answered by then is asked again later.
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 5.0
    #: A delivery that was not taken is due again after this; each time after twice as long.
    first_retry_s: Seconds = 5.0
    most_retry_s: Seconds = 3600.0
    #: A receiver that takes nothing is tried with one delivery, this often at least.
    probe_s: Seconds = 30.0
    #: What waited so long becomes a dead letter.
    give_up_s: Seconds = 72 * 3600.0
    #: Networks (10.0.0.0/8) where receivers may be although they are not public; plain http too.
    #: As JSON: ["10.20.0.0/16", "127.0.0.1/32"].
    allow: list[Annotated[str, AfterValidator(_network)]] = []
    #: CAP's sender, by convention an internet domain of the issuer.
    cap_sender: Annotated[str, Field(pattern=r"^[^\s,<&]+$")] = "milepost.local"


class SmtpSettings(BaseSettings):
    """The mail server; without a host nothing is mailed."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_SMTP_")

    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 25
    sender: str = "milepost@localhost"
    security: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.user is not None and self.security == "none":
            raise ValueError("MILEPOST_SMTP_USER needs MILEPOST_SMTP_SECURITY starttls or tls")
        return self


class MqttSettings(BaseSettings):
    """The broker on which `gov-out/1/…` is published."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_MQTT_")

    url: SecretStr | None = None
    password_file: Path | None = None
