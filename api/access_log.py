"""What the server writes of each request: never a secret."""

from __future__ import annotations

import logging
import re
from typing import Final

LOGGER: Final = "uvicorn.access"
_SHARE: Final = re.compile(r"(/v1/shares/)[^/?]+")


class WithoutSecrets(logging.Filter):
    """Leaves out of a line the token of a share link, and the query: a sign-in's code is in one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the line; it is always written. Its third argument is the path with the query."""
        if isinstance(record.args, tuple) and len(record.args) > 2:  # noqa: PLR2004  the third one
            address, method, path, *more = record.args
            path = _SHARE.sub(r"\1…", str(path).partition("?")[0])
            record.args = (address, method, path, *more)
        return True
