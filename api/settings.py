"""How the API is served, from `MILEPOST_API_*`, and who may sign in, from `MILEPOST_OIDC_*`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, HttpUrl, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

import maps

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]


class ApiSettings(BaseSettings):
    """The address, the console's files and the session."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_API_")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 8080
    #: Under which path a proxy shows this server: `/milepost`. Links in OGC documents have it.
    root_path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)*$")] = ""
    #: The built console.
    static: Path = Path(maps.__file__).parent / "static"
    #: How long a session lasts at the most: a shift.
    session_s: Annotated[int, Field(gt=0)] = 12 * 3600
    #: And without any request. An open map asks all the time.
    session_idle_s: Annotated[int, Field(gt=0)] = 3600
    #: Requests that a key, and all keys of the same departments together, may make a minute; a key
    #: that was idle may make as many at once. Reads of history and exports have a budget besides.
    key_requests: Annotated[int, Field(ge=1)] = 1_200
    department_requests: Annotated[int, Field(ge=1)] = 6_000
    key_history: Annotated[int, Field(ge=1)] = 120
    department_history: Annotated[int, Field(ge=1)] = 600
    #: And an address, of what needs no sign-in.
    address_requests: Annotated[int, Field(ge=1)] = 120
    #: Mark the cookie Secure also where this process itself is spoken to by plain HTTP, behind a
    #: proxy that does not say so. By HTTPS it is always marked.
    cookie_secure: bool = False


class BasemapSettings(BaseSettings):
    """What map lies under the vehicles, from `MILEPOST_BASEMAP_*`; always also the built-in one."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_BASEMAP_")

    #: An operator's own: a `.pmtiles` or `.mbtiles` file, or a folder of `z/x/y.png`.
    file: Path | None = None
    file_name_en: str = "Own map"
    file_name_zh_hant: str = "自備地圖"
    file_attribution_en: str = ""
    file_attribution_zh_hant: str = ""
    #: Tiles of another server: `lands-department`, or an address with `{z}`, `{x}` and `{y}`. The
    #: browsers of whoever looks at the console then ask that server too.
    online: Annotated[str, Field(pattern=r"^(off|lands-department|https?://.+\{z\}.*)$")] = "off"
    online_name_en: str = "Online map"
    online_name_zh_hant: str = "網上地圖"
    online_attribution_en: str = ""
    online_attribution_zh_hant: str = ""
    online_max_zoom: Annotated[int, Field(ge=1, le=22)] = 19


class OidcSettings(BaseSettings):
    """Who else says who somebody is: an OpenID provider, from `MILEPOST_OIDC_*`."""

    model_config = SettingsConfigDict(env_prefix="MILEPOST_OIDC_")

    #: As its tokens say it, letter for letter; None: there is none.
    issuer: HttpUrl | None = None
    #: What Milepost is called there.
    client_id: str = "milepost"
    client_secret: SecretStr | None = None
    #: Where people come back to: `https://milepost.example/v1/oidc/callback`. Without: as asked.
    redirect_uri: HttpUrl | None = None
    scope: str = "openid profile"
    #: What a service's JWT names as its audience; None: services bring keys, not JWTs.
    audience: str | None = None
    #: Never one with a shared secret, never `none`.
    algorithms: tuple[Algorithm, ...] = ("RS256", "PS256", "ES256", "EdDSA")
    #: The claim that lists what somebody is.
    roles_claim: str = "groups"
    #: By a value of that claim: roles as `dispatcher@FSD`, `platform@*`.
    roles: dict[str, list[str]] = {}
    #: What stands on the button.
    name_en: str = "Government sign-in"
    name_zh_hant: str = "政府統一登入"
