"""The OpenID provider: its addresses and its signing keys, fetched when they are needed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import jwt

from api.errors import ProviderAway, SignInRefused
from api.settings import OidcSettings

log = logging.getLogger(__name__)

#: A key that is not known is looked for at most so often: anybody can invent names of keys.
REFRESH_S: Final = 60.0
#: After so long the provider's addresses and keys are asked for again, so that a key that it
#: withdrew is forgotten.
KEPT_S: Final = 3600.0
_TIMEOUT_S: Final = 5.0
_MOST_BYTES: Final = 256 * 1024
#: A code that is old or used, another verifier, another client.
_REFUSED: Final = (400, 401)


class Provider:
    """One OpenID provider, whom the operator trusts."""

    def __init__(self, settings: OidcSettings) -> None:
        self.settings = settings
        self._http = httpx.AsyncClient(timeout=_TIMEOUT_S, follow_redirects=False)
        self._addresses: Mapping[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._addresses_at_s = self._keys_at_s = float("-inf")
        self._asking = asyncio.Lock()

    @property
    def issuer(self) -> str:
        """As its tokens say it: an address without a path has no slash at its end."""
        issuer = self.settings.issuer
        assert issuer is not None  # noqa: S101  whoever makes a Provider has looked
        return str(issuer).rstrip("/") if issuer.path == "/" else str(issuer)

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()

    async def address(self, name: str) -> str:
        """An address of its discovery document (OpenID Connect Discovery 1.0, 4).

        Raises ProviderAway.
        """
        async with self._asking:
            if time.monotonic() - self._addresses_at_s >= KEPT_S:
                where = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
                found = await self._get(where)
                if found.get("issuer") != self.issuer:
                    raise ProviderAway(f"(it calls itself {found.get('issuer')!r})")
                self._addresses, self._addresses_at_s = found, time.monotonic()
        address = self._addresses.get(name)
        if not isinstance(address, str) or not self._is_safe(address):
            raise ProviderAway(f"(its document has no usable {name})")
        return address

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The signing key of that name; None where the provider has none. Raises ProviderAway."""
        address = await self.address("jwks_uri")
        async with self._asking:
            age_s = time.monotonic() - self._keys_at_s
            if age_s >= KEPT_S or (kid not in self._keys and age_s >= REFRESH_S):
                self._keys_at_s = time.monotonic()
                self._keys = _signing_keys(await self._get(address))
        return self._keys.get(kid)

    async def exchange(self, form: Mapping[str, str]) -> Mapping[str, Any]:
        """What the token endpoint gives for a code (RFC 6749 4.1.3).

        Raises SignInRefused, ProviderAway.
        """
        secret = self.settings.client_secret
        address = await self.address("token_endpoint")
        client = (
            httpx.BasicAuth(self.settings.client_id, secret.get_secret_value()) if secret else None
        )
        body = dict(form) if secret else {**form, "client_id": self.settings.client_id}
        return await self._answer(self._http.build_request("POST", address, data=body), auth=client)

    async def _get(self, address: str) -> Mapping[str, Any]:
        return await self._answer(self._http.build_request("GET", address))

    async def _answer(
        self, request: httpx.Request, auth: httpx.Auth | None = None
    ) -> Mapping[str, Any]:
        try:
            answer = await self._http.send(request, auth=auth)
            if answer.status_code in _REFUSED:
                raise SignInRefused("(the provider refused)")
            answer.raise_for_status()
            said = answer.json() if len(answer.content) <= _MOST_BYTES else None
        except (httpx.HTTPError, ValueError) as error:
            log.warning("The OpenID provider does not answer: %s", error)
            raise ProviderAway(f"({type(error).__name__})") from error
        if not isinstance(said, dict):
            raise ProviderAway("(its answer is no object)")
        return said

    def _is_safe(self, address: str) -> bool:
        """TLS, unless the operator's own issuer is without it: one on this machine, in a test."""
        return urlsplit(address).scheme in ("https", urlsplit(self.issuer).scheme)


def _signing_keys(document: Mapping[str, Any]) -> dict[str, jwt.PyJWK]:
    """By name; keys that we cannot use, of other kinds or for encryption, are left out."""
    keys = {}
    for each in document.get("keys", ()):
        if not isinstance(each, dict) or each.get("use", "sig") != "sig" or "kid" not in each:
            continue
        try:
            keys[str(each["kid"])] = jwt.PyJWK(each)
        except jwt.exceptions.PyJWTError as error:
            log.info("A key of the OpenID provider is not used: %s", error)
    return keys
