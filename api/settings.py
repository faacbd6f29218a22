"""How the API is served, from `MILEPOST_API_*`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

import maps


class ApiSettings(BaseSettings):
    """The address, the console's files and the session cookie."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_API_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    #: Under which path a proxy shows this server: `/milepost`. Links in OGC documents have it.
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    #: The built console.
    static: Path = Path(maps.__file__).parent / "static"
    #: How long a browser keeps the session; the token itself may end earlier.
    cookie_s: Annotated[int, Field(gt=0)] = 12 * 3600
    #: Requests that a key, and all keys of the same departments together, may make a minute; a key
    #: that was idle may make as many at once. Reads of history and exports have a budget besides.
    key_requests: Annotated[int, Field(ge=1)] = 1_200
    department_requests: Annotated[int, Field(ge=1)] = 6_000
    key_history: Annotated[int, Field(ge=1)] = 120
    department_history: Annotated[int, Field(ge=1)] = 600
    #: Mark the cookie Secure also where this process itself is spoken to by plain HTTP, behind a
    #: proxy that does not say so. By HTTPS it is always marked.
    cookie_secure: bool = False
