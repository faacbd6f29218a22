"""Signing in at a real OpenID provider, services' JWTs, and tokens that are refused."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.caller import COOKIE
from api.identity import keys
from tests.integration.api_world import DEADLINE_S, Served, World, served
from tests.integration.oidc_world import AUDIENCE, Issuer, new_key


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def api(world: World, issuer: Issuer) -> Iterator[Served]:
    with (
        served(world.database.dsn("milepost_api"), oidc=issuer.settings) as running,
        issuer.running(f"{running.url}/v1/oidc/callback"),
    ):
        yield running


@asynccontextmanager
async def a_browser(api: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Keeps cookies and follows where it is sent."""
    async with httpx.AsyncClient(
        base_url=api.url, follow_redirects=True, timeout=DEADLINE_S
    ) as browser:
        yield browser


async def come_back(browser: httpx.AsyncClient, who: str) -> httpx.Response:
    """Go to the provider, be somebody there, and stop before coming back: the redirect."""
    form = await browser.get("/v1/oidc/start")
    assert form.status_code == 200
    answer = await browser.post(str(form.url), data={"who": who}, follow_redirects=False)
    while not (where := answer.headers["location"]).startswith(str(browser.base_url)):
        answer = await browser.get(str(answer.url.join(where)), follow_redirects=False)
    return answer


async def test_who_signs_in_at_the_provider_has_the_roles_of_their_groups(
    api: Served, world: World
) -> None:
    async with a_browser(api) as browser:
        choices = (await browser.get("/v1/sign-in")).json()
        assert choices["provider"] == {"en": "Government sign-in", "zh-Hant": "政府統一登入"}
        back = await come_back(browser, "dispatch.anna")
        answer = await browser.get(back.headers["location"], follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        me = (await browser.get("/v1/me")).json()
        assert (me["id"], me["label"]) == ("oidc:dispatch.anna", "dispatch.anna by name")
        assert (me["roles"], me["platform"]) == (["dispatcher"], False)
        assert [each["department"] for each in me["departments"]] == ["A"]
        assert (await browser.get("/v1/positions")).status_code == 200
        assert me["csrf"]
        again = await browser.get(back.headers["location"], follow_redirects=False)
        assert again.status_code == 401, "a code and an attempt are for once"


async def test_who_is_known_and_has_no_role_is_told_so(api: Served) -> None:
    async with a_browser(api) as browser:
        back = await come_back(browser, "strangers.bob")
        answer = await browser.get(back.headers["location"])
        assert answer.status_code == 401
        assert "no role here" in answer.json()["detail"]
        assert (await browser.get("/v1/me")).status_code == 401


async def test_an_answer_of_another_attempt_browser_or_provider_signs_nobody_in(
    api: Served,
) -> None:
    async with a_browser(api) as browser, a_browser(api) as other:
        where = (await come_back(browser, "dispatch.anna")).headers["location"]
        assert (await other.get(where)).status_code == 401, "never began"
        await other.get("/v1/oidc/start")
        assert (await other.get(where)).status_code == 401, "began another"
        asked = parse_qs(urlsplit(where).query)
        for changed in (
            {"state": "x"},
            {"code": "x"},
            {"iss": "http://127.0.0.1:1"},
            {"code": None, "error": "access_denied"},
        ):
            query = {name: values[0] for name, values in asked.items()} | changed
            query = {name: value for name, value in query.items() if value is not None}
            answer = await browser.get("/v1/oidc/callback", params=query)
            assert answer.status_code == 401, changed
            assert COOKIE not in browser.cookies


async def test_the_provider_is_asked_with_pkce_state_and_nonce(api: Served) -> None:
    async with api.client() as browser:
        answer = await browser.get("/v1/oidc/start")
        said = parse_qs(urlsplit(answer.headers["location"]).query)
        assert said["code_challenge_method"] == ["S256"]
        assert said["response_type"] == ["code"]
        for name in ("state", "nonce", "code_challenge"):
            assert len(said[name][0]) >= 43
        assert said["redirect_uri"] == [f"{api.url}/v1/oidc/callback"]
        assert "samesite=lax" in answer.headers["set-cookie"].lower()


@pytest.mark.parametrize("lost", ["verifier", "nonce"])
async def test_a_code_is_worth_nothing_to_another_attempt(api: Served, lost: str) -> None:
    async with a_browser(api) as browser:
        where = (await come_back(browser, "dispatch.anna")).headers["location"]
        kept = json.loads(base64.urlsafe_b64decode(browser.cookies["milepost_oidc"]))
        forged = base64.urlsafe_b64encode(json.dumps({**kept, lost: "x" * 43}).encode()).decode()
        async with api.client(Cookie=f"milepost_oidc={forged}") as thief:
            assert (await thief.get(where)).status_code == 401


async def test_a_service_brings_a_jwt_of_the_provider(api: Served, issuer: Issuer) -> None:
    async with httpx.AsyncClient() as service:
        given = await service.post(
            f"{issuer.url}/token",
            data={"grant_type": "client_credentials"},
            auth=("dispatch.service", "of+the+test%27s+service%2C+long+enough"),
        )
    assert given.status_code == 200, given.text
    async with api.client(given.json()["access_token"]) as client:
        me = (await client.get("/v1/me")).json()
        assert (me["roles"], me["csrf"]) == (["dispatcher"], None)
        assert (await client.get("/v1/positions")).status_code == 200
        assert (await client.get("/v1/devices")).status_code == 403


def bad_tokens(issuer: Issuer) -> dict[str, str]:
    """What nobody may come in with, by what is wrong with it."""
    now, good, other = int(time.time()), issuer.claims(), new_key()
    public = issuer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    whole = issuer.signed(good)
    head, body, signature = whole.split(".")

    def part(said: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()

    hs = jwt.api_jws.PyJWS(algorithms=["HS256"])
    hs._algorithms["HS256"].prepare_key = lambda key: key  # type: ignore[method-assign]  # it refuses PEM: thieves do not
    confused = hs.encode(json.dumps(good).encode(), public, "HS256", {"kid": issuer.kid})
    return {
        "alg none": f"{part({'alg': 'none', 'kid': issuer.kid})}.{body}.",
        "alg None, in capitals": f"{part({'alg': 'NONE', 'kid': issuer.kid})}.{body}.",
        "the public key as a shared secret": confused,
        "another key of that name": issuer.signed(good, other),
        "an unknown key": issuer.signed(good, other, kid="another"),
        "no key named": issuer.signed(good, kid=None),
        "a key of its own along": issuer.signed(
            good, other, jwk=json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(other.public_key()))
        ),
        "an algorithm that is not taken": issuer.signed(good, algorithm="RS384"),
        "another audience": issuer.signed(issuer.claims(aud="https://other.test")),
        "no audience": issuer.signed(issuer.claims(aud=None)),
        "another issuer": issuer.signed(issuer.claims(iss="https://evil.test")),
        "an issuer with a slash more": issuer.signed(issuer.claims(iss=f"{issuer.url}/")),
        "expired": issuer.signed(issuer.claims(exp=now - 61)),
        "no expiry": issuer.signed(issuer.claims(exp=None)),
        "not yet": issuer.signed(issuer.claims(nbf=now + 120)),
        "made in the future": issuer.signed(issuer.claims(iat=now + 120)),
        "no subject": issuer.signed(issuer.claims(sub=None)),
        "a changed body": f"{head}.{part({**good, 'groups': ['office']})}.{signature}",
        "a cut signature": whole[:-10],
        "no signature": f"{head}.{body}.",
        "no token": "a.b.c",
        "endless": "a" * 100_000,
    }


async def test_bad_tokens_are_refused_and_make_nobody_ask_for_keys(
    api: Served, issuer: Issuer
) -> None:
    async with api.client() as client:
        good = {"Authorization": f"Bearer {issuer.signed(issuer.claims())}"}
        assert (await client.get("/v1/positions", headers=good)).status_code == 200
        for wrong, token in bad_tokens(issuer).items():
            bad = {"Authorization": f"Bearer {token}"}
            answer = await client.get("/v1/positions", headers=bad)
            # The server itself refuses headers beyond its limit.
            assert answer.status_code in ((400, 401, 431) if wrong == "endless" else (401,)), wrong
        for number in range(20):
            token = issuer.signed(
                issuer.claims(), new_key() if not number else None, kid=f"{number}"
            )
            bad = {"Authorization": f"Bearer {token}"}
            assert (await client.get("/v1/me", headers=bad)).status_code == 401
    assert issuer.fetched() == 1


async def test_clocks_may_differ_by_a_minute(api: Served, issuer: Issuer) -> None:
    now = int(time.time())
    for claims in (issuer.claims(exp=now - 20), issuer.claims(nbf=now + 40, iat=now + 40)):
        async with api.client(issuer.signed(claims)) as client:
            assert (await client.get("/v1/me")).status_code == 200


async def test_a_key_that_the_provider_changes_is_found(
    world: World, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(world.database.dsn("milepost_api"), oidc=issuer.settings) as api:
        with issuer.running(api.url):
            old = issuer.signed(issuer.claims())
            async with api.client(old) as client:
                assert (await client.get("/v1/me")).status_code == 200
        issuer.key, issuer.kid = new_key(), "second"
        with issuer.running(api.url):
            new = issuer.signed(issuer.claims())
            async with api.client(new) as client:
                assert (await client.get("/v1/me")).status_code == 401, "not again within a minute"
                monkeypatch.setattr(keys, "REFRESH_S", 0.0)
                assert (await client.get("/v1/me")).status_code == 200
            retired = jwt.encode(issuer.claims(sub="2"), new_key(), "RS256", {"kid": "first"})
            async with api.client(retired) as client:
                assert (await client.get("/v1/me")).status_code == 401


async def test_while_the_provider_is_away_it_is_said_and_keys_go_on(
    world: World, issuer: Issuer
) -> None:
    with served(world.database.dsn("milepost_api"), oidc=issuer.settings) as api:
        async with api.client() as client:
            answer = await client.get("/v1/oidc/start")
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/provider-away")
        async with api.client(issuer.signed(issuer.claims(aud=AUDIENCE))) as client:
            assert (await client.get("/v1/me")).status_code == 503
        async with api.client(world.tokens["A"]) as client:
            assert (await client.get("/v1/me")).status_code == 200
