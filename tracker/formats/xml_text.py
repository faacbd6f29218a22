"""Text in XML: what may not stand there is replaced, so that no name can break a document."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

#: What XML 1.0 has no way to write.
_IMPOSSIBLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A quote, so that the same text may stand in an attribute; what a parser would take for a space or
#: another end of line.
_MORE: Final = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}


def text(said: str) -> str:
    """Whatever somebody called something, as text of an element or an attribute."""
    return escape(_IMPOSSIBLE.sub("\ufffd", said), _MORE)


def element(name: str, value: object) -> str:
    """A number or a word of ours in an element; nothing for None."""
    return "" if value is None else f"<{name}>{value}</{name}>"


def truth(value: bool | None) -> str | None:
    """As XML Schema writes it."""
    return None if value is None else str(value).lower()
