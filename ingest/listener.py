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

CERTIFICATE, KEY = "certificate.pem", "key.pem"
#: The name is the client id: no device can take another's session. Mosquitto then refuses all
#: clients without a name, and reads this only at its start.
BOUND = "use_username_as_clientid true"


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
            check_certificate(self.cert_file, self.key_file)
        except OSError as error:
            raise BadCertificate(f"({error})") from error

    def copy_files(self, folder: Path, *, owner: int) -> None:
        """Copy certificate and key into `folder`, for the user `owner`.

        The user that runs Mosquitto may not be let to the originals, and a later start of it must
        not fail because they are gone.
        """
        for name, file in ((CERTIFICATE, self.cert_file), (KEY, self.key_file)):
            if file is not None:
                text = file.read_text(encoding="ascii")
                write_whole(folder / name, text, mode=0o600, owner=owner)

    def lines(self, folder: Path) -> Iterator[str]:
        """Mosquitto's settings of it, with the copies in `folder`."""
        if self.host is not None:
            yield f"listener {self.port} {self.host}"
            yield f"certfile {folder / CERTIFICATE}"
            yield f"keyfile {folder / KEY}"
            yield BOUND


def check_certificate(cert_file: Path, key_file: Path) -> None:
    """Raise OSError where a server cannot use them."""
    # A key that needs a password is refused, where OpenSSL would ask the terminal for it.
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(
        cert_file, key_file, password=""
    )
