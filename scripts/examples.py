#!/usr/bin/env python
"""Takes the examples of docs/api.md over into the portal.

.venv/bin/python scripts/examples.py
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PAGE: Final = ROOT / "docs" / "api.md"
SHOWN: Final = ROOT / "maps" / "developers" / "examples.json"
_MARK: Final = re.compile(
    r"<!-- example: (\S+) \| (.+?) \| (.+?) -->\n((?:```\w+\n.*?\n```\n)+)", re.DOTALL
)
_BLOCK: Final = re.compile(r"```(\w+)\n(.*?\n)```\n", re.DOTALL)


@dataclass(frozen=True)
class Example:
    """One thing to do, and the programs that do it, by language: sh, python, js."""

    name: str
    en: str
    zh_hant: str
    programs: dict[str, str]


def examples() -> list[Example]:
    """Those of the page, in its order."""
    marks = _MARK.findall(PAGE.read_text(encoding="utf-8"))
    return [
        Example(name, en, zh_hant, dict(_BLOCK.findall(blocks)))
        for name, en, zh_hant, blocks in marks
    ]


def shown() -> str:
    """The same for the portal."""
    return json.dumps([asdict(each) for each in examples()], ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    SHOWN.write_text(shown(), encoding="utf-8")
