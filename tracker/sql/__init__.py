"""SQL texts by name: each `.sql` file is one named text, loaded once, never formatted."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent


@cache
def text(name: str) -> str:
    """The text of `name`.sql in this folder."""
    return (HERE / f"{name}.sql").read_text(encoding="utf-8")
