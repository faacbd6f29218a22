"""JSON Web Tokens of the OpenID provider: who they are of, checked in everything that they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

import jwt

from api.identity.keys import Provider
from tracker.reads import Caller, Reader, caller_with, department_refs, held_of
from tracker.sessions import roles_said

#: How far the provider's clock and ours may differ.
LEEWAY_S: Final = 60
_REQUIRED: Final = ["exp", "iat", "iss", "aud", "sub"]
_LONGEST: Final = 16 * 1024


async def claims_of(provider: Provider, token: str, audience: str) -> Mapping[str, Any] | None:
    """What a token says; None unless a key of the provider signed it for us, for now.

    Algorithms, issuer, audience, exp, nbf and iat are checked (RFC 8725). Raises ProviderAway.
    """
    try:
        header = jwt.get_unverified_header(token) if len(token) <= _LONGEST else {}
        kid, algorithm = header.get("kid"), header.get("alg")
        # Before the key is looked for: what we would not take sends nobody to the provider.
        if not isinstance(kid, str) or algorithm not in provider.settings.algorithms:
            return None
        key = await provider.key(kid)
        if key is None:
            return None
        return jwt.decode(
            token,
            key.key,
            algorithms=provider.settings.algorithms,
            audience=audience,
            issuer=provider.issuer,
            leeway=LEEWAY_S,
            options={"require": _REQUIRED},
        )
    except jwt.exceptions.PyJWTError:
        return None


def roles_of(provider: Provider, claims: Mapping[str, Any]) -> list[str]:
    """The roles of the settings for what the token says somebody is: `dispatcher@FSD`."""
    said = claims.get(provider.settings.roles_claim, [])
    groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
    known = provider.settings.roles
    return sorted(
        {role for group in groups if isinstance(group, str) for role in known.get(group, ())}
    )


def subject_of(claims: Mapping[str, Any]) -> str:
    """Who it is, for the audit: the provider never gives a subject to another."""
    return f"oidc:{claims['sub']}"


def label_of(claims: Mapping[str, Any]) -> str:
    """Who it is, for people."""
    for name in ("name", "preferred_username", "email", "client_id", "sub"):
        if isinstance(claims.get(name), str):
            return str(claims[name])[:200]
    return subject_of(claims)


class Bearers:
    """Callers by the JWTs that services bring."""

    def __init__(self, provider: Provider, reader: Reader) -> None:
        self._provider = provider
        self._reader = reader

    async def caller_of(self, token: str) -> Caller | None:
        """Who it is; None for a token that is not good. Raises ProviderAway."""
        audience = self._provider.settings.audience
        claims = None if audience is None else await claims_of(self._provider, token, audience)
        if claims is None:
            return None
        held = await roles_said(self._reader, roles_of(self._provider, claims))
        async with self._reader.scope(()) as scope:
            departments = await department_refs(scope)
        return caller_with(
            held_of(held),
            departments,
            id=subject_of(claims),
            label=label_of(claims),
            expires_at=datetime.fromtimestamp(claims["exp"] + LEEWAY_S, UTC),
        )
