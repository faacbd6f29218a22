"""Where the database is, from `MILEPOST_DATABASE_*` or the private server of the data folder."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tracker.data_folder import DataFolder
from tracker.postgres import private_dsn
from tracker.roles import Role


class DatabaseSettings(BaseSettings):
    """One address a role. With `url` alone the other roles connect there by their names.

    `MILEPOST_DATABASE_URL` switches the private PostgreSQL off.
    """

    model_config = SettingsConfigDict(env_prefix="MILEPOST_DATABASE_")

    #: The owner of the schema: migrations and the registry's verbs.
    url: SecretStr | None = None
    #: Who may create roles and extensions; without it an administrator runs the printed SQL.
    superuser_url: SecretStr | None = None
    ingest_url: SecretStr | None = None
    api_url: SecretStr | None = None
    worker_url: SecretStr | None = None

    def address(self, role: Role) -> str | None:
        """The DSN of a role, None where the private server is meant (or no superuser is given)."""
        own = {
            "postgres": self.superuser_url,
            "milepost_owner": self.url,
            "milepost_ingest": self.ingest_url,
            "milepost_api": self.api_url,
            "milepost_worker": self.worker_url,
        }[role]
        if own is not None:
            return own.get_secret_value()
        if self.url is None or role == "postgres":
            return None
        return _as_user(self.url.get_secret_value(), role)

    def require(self, role: Role) -> str:
        """The DSN of a role: the one given, else that of the private server of the data folder."""
        return self.address(role) or private_dsn(DataFolder(), role)


def _as_user(url: str, user: str) -> str:
    """The same place with another user and no password: peer, a certificate or PGPASSFILE."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{host}"))
