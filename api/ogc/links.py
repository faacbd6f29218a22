"""Links, always absolute, and in which form and language an answer is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal
from urllib.parse import quote, urlencode

from starlette.requests import Request

from api.errors import BadQuery
from api.language import Language, language_of
from api.ogc.words import word

Form = Literal["json", "html"]
Link = dict[str, str]

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
HTML: Final = "text/html"
SCHEMA: Final = "application/schema+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
MVT: Final = "application/vnd.mapbox-vector-tile"
#: An answer is another one for another caller, form or language.
VARY: Final = "Authorization, Cookie, Accept, Accept-Language"

_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
QUERYABLES: Final = f"{_REL}queryables"
TILES: Final = f"{_REL}tilesets-vector"


class Place:
    """Where a request came in: what it asks for, and the way to everything else."""

    def __init__(self, request: Request) -> None:
        self.request = request
        #: Of the landing page, without a slash at its end.
        self.root = f"{str(request.base_url).rstrip('/')}/ogc"
        self.path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        self.query: Mapping[str, str] = _once(request)
        self.language: Language = language_of(request.headers.get("accept-language", ""))
        self.form: Form = _form(self.query.get("f"), request.headers.get("accept", ""))

    def only(self, *known: str) -> None:
        """Refuse a parameter that is not among these, or `f`; raises BadQuery."""
        strange = [name for name in self.query if name not in {*known, "f"}]
        if strange:
            offered = ", ".join(["f", *known])
            raise BadQuery(f"There is no parameter {strange[0][:40]!r} here, but {offered}.")

    def here(self, **changed: str) -> str:
        """This address, with some parameters set."""
        query = {**self.query, **changed}
        path = self.root + quote(self.path.removeprefix("/ogc"), safe="/:@!$&'()*+,;=~")
        return f"{path}?{urlencode(query)}" if query else path

    def to(self, path: str, **query: str) -> str:
        """The address of something under `/ogc`."""
        safe = self.root + quote(path, safe="/:@!$&'()*+,;=~{}")
        return f"{safe}?{urlencode(query)}" if query else safe

    def self_links(self, media_type: str) -> list[Link]:
        """This answer, and the same in its other form."""
        forms: dict[Form, str] = {"json": media_type, "html": HTML}
        titles = {"json": "JSON", "html": "HTML"}
        return [
            {
                "rel": "self" if form == self.form else "alternate",
                "type": kind,
                "title": titles[form],
                "href": self.here() if form == self.form else self.here(f=form),
            }
            for form, kind in forms.items()
        ]


def link(rel: str, kind: str, title: str, href: str) -> Link:
    """A link as OGC API has it."""
    return {"rel": rel, "type": kind, "title": title, "href": href}


def landing_link(place: Place) -> Link:
    """The way up."""
    return link("up", JSON, word("landing", place.language), place.to(""))


def _once(request: Request) -> dict[str, str]:
    """The parameters, each given once; raises BadQuery."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise BadQuery(f"The parameter {name[:40]!r} is given twice.")
        found[name] = value
    return found


def _form(asked: str | None, accept: str) -> Form:
    if asked in ("json", "html"):
        return "html" if asked == "html" else "json"
    if asked is not None:
        raise BadQuery("`f` is json or html.")
    return "html" if _weight(accept, "text/html") > _weight(accept, "json") else "json"


def _weight(accept: str, wanted: str) -> float:
    """How much a header likes a media type whose name holds a word, wildcards left out."""
    best = 0.0
    for part in accept.split(","):
        kind, _, parameters = part.partition(";")
        if wanted in kind.strip().lower():
            _, _, said = parameters.replace(" ", "").partition("q=")
            try:
                best = max(best, float(said or 1))
            except ValueError:
                continue
    return best
