"""`/openapi.json`: for programs; /developers shows it to people."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.caller import OPEN
from api.openapi.document import document_of

router = APIRouter(tags=["service"])


def described(app: FastAPI) -> dict[str, Any]:
    """The document of an application, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = document_of(app)
    return app.openapi_schema


@router.get("/openapi.json", response_model=dict[str, Any], openapi_extra=OPEN)
def openapi(request: Request) -> Response:
    """This document, in OpenAPI 3.1."""
    root = request.scope.get("root_path", "") or "/"
    return JSONResponse({**described(request.app), "servers": [{"url": root}]})
