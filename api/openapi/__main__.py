"""Prints the OpenAPI document: `python -m api.openapi`. Needs no service and no database."""

from __future__ import annotations

import json
import sys

from api.app import create_app
from api.settings import ApiSettings


def main() -> None:
    """The document of the API as it stands in this code, as `/openapi.json` has it."""
    json.dump(create_app(ApiSettings(), "").openapi(), sys.stdout, ensure_ascii=False)


if __name__ == "__main__":
    main()
