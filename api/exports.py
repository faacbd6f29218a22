"""A track as a file: which format a caller wants, and the answer that streams it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.caller import InCaller
from api.crs import Crs
from api.errors import BadParameter, NotAcceptable
from api.service import InService
from tracker import reads
from tracker.formats import FORMATS, Columns, Format, file_name, head_of, written
from tracker.formats.positions import positions_csv, positions_kml
from tracker.reads import Caller, Reader, Row, Scope

FormatName = Literal["gpx", "kml", "csv", "geojson", "geoparquet", "mfjson"]
AskedFormat = Annotated[
    FormatName | None,
    Query(
        alias="format",
        description="a file of the whole track instead of a page of it; `Accept` may ask for"
        " the same. Coordinates are degrees, in CSV beside HK1980 Grid. A file that is cut short"
        " is an answer that is broken off, and is closed by none of the formats.",
    ),
]
#: What JSON may mean is the route's own answer.
_BY_MEDIA_TYPE: Final = {
    each.media_type: each for each in FORMATS.values() if "json" not in each.media_type
}
_OWN: Final = ("application/geo+json", "application/json", "application/*", "*/*")

#: For the OpenAPI document.
RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {each: {"schema": {"type": "string"}} for each in _BY_MEDIA_TYPE}},
}

#: Of positions; as the route's own answer, or a file of all of them.
AskedTable = Annotated[
    Literal["geojson", "csv", "kml"],
    Query(alias="format", description="CSV has degrees and HK1980 Grid side by side"),
]
_TABLES: Final[Mapping[str, Callable[[Sequence[Row]], bytes]]] = {
    "csv": positions_csv,
    "kml": positions_kml,
}
POSITIONS_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {FORMATS[name].media_type: {"schema": {"type": "string"}} for name in _TABLES}
    },
}


def refuse_metres(crs: Crs) -> None:
    """Files are in degrees alone; raises BadParameter."""
    if crs is not Crs.CRS84:
        raise BadParameter("A file is in degrees; its CSV has HK1980 Grid beside them.")


async def positions_file(name: Literal["csv", "kml"], rows: Sequence[Row]) -> Response:
    """Positions with the names of their vehicles, as a file."""
    format_ = FORMATS[name]
    return Response(
        await asyncio.to_thread(_TABLES[name], rows),
        media_type=format_.media_type,
        headers={"Content-Disposition": f'attachment; filename="positions{format_.extension}"'},
    )


@dataclass(frozen=True, slots=True)
class Export:
    """A format that was asked for, and what it is read with."""

    format: Format
    reader: Reader
    caller: Caller

    async def answer(
        self, scope: Scope, vehicle: Row, *, since: datetime, until: datetime, implausible: bool
    ) -> StreamingResponse:
        """The file. What goes wrong before its first page is a problem; later, it is broken off."""
        head = head_of(vehicle, since, until)
        pages = reads.pages(
            self._scope,
            held=scope,
            vehicle_id=vehicle["id"],
            since=since,
            until=until,
            implausible=implausible,
        )
        first = await anext(pages)
        name = file_name(head, self.format)
        return StreamingResponse(
            written(self.format.writer(head), _with_first(first, pages)),
            media_type=self.format.media_type,
            headers={"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"},
        )

    def _scope(self) -> AbstractAsyncContextManager[Scope]:
        return self.reader.scope(*self.caller.sight)


def chosen(asked: FormatName | None, accept: str) -> Format | None:
    """The format that a caller wants; None for the route's own. Raises NotAcceptable."""
    if asked is not None:
        return FORMATS[asked]
    wanted = sorted(_accepted(accept), key=lambda each: -each[1])
    for media_type, _ in wanted:
        if media_type in _OWN:
            return None
        if media_type in _BY_MEDIA_TYPE:
            return _BY_MEDIA_TYPE[media_type]
    if wanted:
        raise NotAcceptable(f"Here is {', '.join((*_OWN[:1], *_BY_MEDIA_TYPE))}.")
    return None


def _accepted(accept: str) -> list[tuple[str, float]]:
    found = []
    for part in accept.split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        weight = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        if media_type and (known := _weight(weight)) > 0:
            found.append((media_type, known))
    return found


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


async def _with_first(first: Columns, pages: AsyncIterator[Columns]) -> AsyncIterator[Columns]:
    yield first
    async for page in pages:
        yield page


async def _export(
    request: Request, service: InService, caller: InCaller, asked: AskedFormat = None
) -> Export | None:
    format_ = chosen(asked, request.headers.get("accept", ""))
    return None if format_ is None else Export(format_, service.reader, caller)


InExport = Annotated[Export | None, Depends(_export)]
