"""The only way a string enters a page: `text` makes it harmless, `tag` puts it between tags.

folium writes what it is given into HTML, into JavaScript strings and into template literals
(tooltips), one inside the other, and escapes none of them well: a name that holds `${…}` or
`</script>` runs in the browser. Worse, branca reads what came out as a Jinja template once more, so
that `{{…}}` in a name would run here. What `text` returns means the same letters in all of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import NewType

#: Markup that may go into a page as it is. Made in this file alone, which a test holds.
Html = NewType("Html", str)

#: What ends or opens something in a JavaScript string or template literal, or in a Jinja template.
_SCRIPT = {ord(letter): f"&#{ord(letter)};" for letter in "`$\\{}"}
#: No letters: HTML refuses them, UTF-8 cannot carry half a surrogate pair, and those that turn the
#: direction of a line make a plate read as another one.
_NO_LETTER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_UNREADABLE = "\ufffd"
#: Elements of HTML without an end; those of SVG all have one.
_VOID = frozenset({"meta", "br"})


def text(said: object) -> Html:
    """What was said, as text: it is shown letter by letter and runs nothing, wherever it stands."""
    return Html(escape(_NO_LETTER.sub(_UNREADABLE, str(said))).translate(_SCRIPT))


def tag(name: str, /, *children: Html, **attributes: object) -> Html:
    """An element. `class_` is its class; a `_` in a name is a `-`; None leaves an attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    end = "" if name in _VOID else f"{''.join(children)}</{name}>"
    return Html(f"<{name}{said}>{end}")


def joined(children: Iterable[Html]) -> Html:
    """One after the other."""
    return Html("".join(children))


def ours(markup: str) -> Html:
    """Markup of our own making, without a word from outside: an asset, a style, folium's script."""
    return Html(markup)
