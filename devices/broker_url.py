"""A broker's address: `mqtt://[user[:password]@]host[:port]`, and what of it may be shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, urlsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class BrokerPassword(BaseSettings):
    """`MILEPOST_MQTT_PASSWORD_FILE`: where the password of the address's user stands, so that it
    stands in no command line and no environment."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_")

    mqtt_password_file: Path | None = None

    def put_into(self, url: str) -> SecretStr:
        """The address with the password; unchanged without a file, or where it names no user."""
        parts = urlsplit(url)
        if self.mqtt_password_file is None or parts.username is None:
            return SecretStr(url)
        password = self.mqtt_password_file.read_text(encoding="utf-8").strip()
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{parts.username}:{quote(password, safe='')}@{host}"
        return SecretStr(parts._replace(netloc=netloc).geturl())


def shown(url: str) -> str:
    """The address without user and password."""
    scheme, mark, rest = url.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
