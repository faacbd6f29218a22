"""The broker's second listener: TLS, for devices on other machines, from `MILEPOST_BROKER_*`."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import BadCertificate, NoTls
from tracker.data_folder import write_whole


class ListenerSettings(BaseSettings):
    """Where the private broker also listens; without `host` it keeps to 127.0.0.1."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_BROKER_")

    host: str | None = None
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    #: PEM files: the certificate with what it hangs on, and its private key.
    cert_file: Path | None = None
    key_file: Path | None = None

    def check(self) -> None:
        """Raise NoTls or BadCertificate where devices could not come in safely."""
        if self.host is None:
            return
        if self.cert_file is None or self.key_file is None:
            raise NoTls
        try:
            ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
                self.cert_file, self.key_file
            )
        except (OSError, ssl.SSLError) as error:
            raise BadCertificate(f"({error})") from error

    def lines(self, folder: Path, *, owner: int) -> Iterator[str]:
        """Mosquitto's settings of it, every client with a name, which is its client id.

        The files are copied into `folder`, for `owner`, because the user that runs Mosquitto may
        not be let to the originals.
        """
        if self.host is None or self.cert_file is None or self.key_file is None:
            return
        yield f"listener {self.port} {self.host}"
        yield "use_username_as_clientid true"
        for option, file in (("certfile", self.cert_file), ("keyfile", self.key_file)):
            copy = folder / f"{option}.pem"
            write_whole(copy, file.read_text(encoding="ascii"), mode=0o600, owner=owner)
            yield f"{option} {copy}"
