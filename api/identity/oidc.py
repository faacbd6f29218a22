"""Signing in at the OpenID provider: code, PKCE, state and nonce (OpenID Connect Core 1.0, 3.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlencode

from api.errors import SignInRefused
from api.identity.bearer import claims_of
from api.identity.keys import Provider

#: How long somebody may take to sign in there.
ATTEMPT_S: Final = 600


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser keeps, in a cookie of its own, while it is at the provider."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        """One that nobody can guess."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, kept: str | None) -> Attempt:
        """As `kept` has it; raises SignInRefused."""
        try:
            said = json.loads(base64.urlsafe_b64decode(kept or ""))
            return cls(*(str(said[name]) for name in ("state", "nonce", "verifier")))
        except (ValueError, KeyError, TypeError) as error:
            raise SignInRefused("(it was begun in another browser, or too long ago)") from error

    @property
    def kept(self) -> str:
        """For the cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()

    @property
    def challenge(self) -> str:
        """S256 of the verifier (RFC 7636 4.2)."""
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


async def address_to_sign_in(provider: Provider, attempt: Attempt, back_to: str) -> str:
    """Where the browser goes; raises ProviderAway."""
    asked = {
        "response_type": "code",
        "client_id": provider.settings.client_id,
        "redirect_uri": back_to,
        "scope": provider.settings.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    address = await provider.address("authorization_endpoint")
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


async def claims_for(
    provider: Provider, attempt: Attempt, answer: Mapping[str, str], back_to: str
) -> Mapping[str, Any]:
    """What the provider says of whoever comes back; raises SignInRefused, ProviderAway."""
    if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefused("(the answer is not to this attempt)")
    if answer.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: no mixing up
        raise SignInRefused("(another provider answered)")
    if "code" not in answer:
        raise SignInRefused("(the provider let nobody in)")
    given = await provider.exchange(
        {
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": back_to,
            "code_verifier": attempt.verifier,
        }
    )
    claims = await claims_of(provider, str(given.get("id_token", "")), provider.settings.client_id)
    if claims is None or not _is_answer(claims, attempt, provider.settings.client_id):
        raise SignInRefused("(what the provider says of you cannot be trusted)")
    return claims


def _is_answer(claims: Mapping[str, Any], attempt: Attempt, client_id: str) -> bool:
    """Whether it was made for this attempt and for us (3.1.3.7, items 4 and 11)."""
    nonce = str(claims.get("nonce", ""))
    mine = claims.get("azp", client_id) == client_id
    return mine and hmac.compare_digest(nonce.encode(), attempt.nonce.encode())
