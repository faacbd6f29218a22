"""The access log tells no secret."""

from __future__ import annotations

import logging

import pytest
from starlette.requests import HTTPConnection

from api.access_log import LOGGER, WithoutSecrets
from api.errors import answer_of


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("/v1/shares/secret-token", "/v1/shares/…"),
        ("/v1/oidc/callback?code=secret-code&state=x", "/v1/oidc/callback"),
        ("/v1/vehicles/A/AMB-1", "/v1/vehicles/A/AMB-1"),
    ],
)
def test_a_line_has_no_token_and_no_query(path: str, written: str) -> None:
    args = ("127.0.0.1:1", "GET", path, "1.1", 200)
    record = logging.LogRecord(LOGGER, logging.INFO, "", 0, '%s - "%s %s HTTP/%s" %d', args, None)
    assert WithoutSecrets().filter(record)
    assert record.getMessage() == f'127.0.0.1:1 - "GET {written} HTTP/1.1" 200'


def test_an_internal_error_names_no_share_token(caplog: pytest.LogCaptureFixture) -> None:
    scope = {
        **{"type": "http", "method": "GET", "path": "/v1/shares/secret-token", "headers": []},
        **{"path_params": {"token": "secret-token"}, "server": ("h", 1), "scheme": "http"},
        **{"query_string": b"", "root_path": ""},
    }
    answer = answer_of(HTTPConnection(scope), ZeroDivisionError("x"))
    assert b"secret-token" not in answer.body
    assert "secret-token" not in caplog.text
    assert "GET /v1/shares/… failed" in caplog.text
