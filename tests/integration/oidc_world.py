"""A real OpenID provider, and tokens signed with its own key, good and bad."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from api.settings import OidcSettings
from tests.integration.service import free_port

NODE = (
    shutil.which("node", path=f"{Path('.tools/bin').resolve()}:{os.defpath}:{os.environ['PATH']}")
    or "node"
)
HERE = Path(__file__).parents[1] / "oidc"
AUDIENCE = "https://milepost.test"


def new_key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Issuer:
    """The provider's port, its key, and how it is run."""

    port: int = field(default_factory=free_port)
    key: RSAPrivateKey = field(default_factory=new_key)
    kid: str = "first"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> OidcSettings:
        """How Milepost is told of it."""
        return OidcSettings.model_validate(
            {
                "issuer": self.url,
                "client_secret": "of the test's console, long enough",
                "audience": AUDIENCE,
                "roles": {"dispatch": ["dispatcher@A"], "office": ["platform@*", "auditor@B"]},
            }
        )

    @contextmanager
    def running(self, redirect_uri: str) -> Iterator[None]:
        """The provider as a process."""
        jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key))
        keys = {"keys": [{**jwk, "kid": self.kid, "use": "sig", "alg": "RS256"}]}
        command = [NODE, str(HERE / "provider.mjs"), str(self.port), redirect_uri]
        with subprocess.Popen(  # noqa: S603  the test's own command line
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(keys))
            process.stdin.close()
            try:
                assert any(line.strip() == "ready" for line in process.stdout), "it did not start"
                yield
            finally:
                process.kill()

    def claims(self, **others: object) -> dict[str, Any]:
        """What a good token of a service says; a None leaves a claim out."""
        now = int(time.time())
        said: dict[str, object] = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "a service",
            "iat": now,
            "exp": now + 300,
            "groups": ["dispatch"],
        }
        return {name: value for name, value in {**said, **others}.items() if value is not None}

    def signed(
        self,
        claims: dict[str, Any],
        key: object = None,
        algorithm: str = "RS256",
        **header: object,
    ) -> str:
        """A token; by the provider's own key unless another is given."""
        headers = {"kid": self.kid, **header}
        headers = {name: value for name, value in headers.items() if value is not None}
        return jwt.encode(claims, key or self.key, algorithm, headers)  # type: ignore[arg-type]  # any kind of key

    def fetched(self) -> int:
        """How often its keys were asked for."""
        return int(httpx.get(f"{self.url}/asked").json()["jwks"])
