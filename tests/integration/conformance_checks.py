"""What schemathesis is told to check beside its own: every refusal is a problem of RFC 9457."""

from __future__ import annotations

from typing import Any

import schemathesis

PROBLEM = "application/problem+json"


@schemathesis.check
def every_refusal_is_a_problem(_context: Any, response: Any, _case: Any) -> None:  # noqa: ANN401  schemathesis' own kinds
    if response.status_code < 400:
        return
    kind = response.headers.get("content-type", [""])[0]
    assert kind == PROBLEM, f"a refusal of type {kind!r}"
    said = response.json()
    assert said["status"] == response.status_code
    assert said["type"].startswith("/problems/")
    assert said["title"], "no title"
    assert said["detail"], "no detail"
    assert response.headers["milepost-trace-id"] == [said["trace_id"]], "another trace id"
