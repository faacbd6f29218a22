"""How much callers' keys ask."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.answers import Json
from api.audit_models import Usage, UsageRow
from api.caller import SIGNED_IN, InCaller, InScope, needs
from api.errors import BadParameter
from api.service import InService
from tracker import reads
from tracker.moments import Day
from tracker.reads import Caller, Row, Scope
from tracker.usage import usage as asked

router = APIRouter(prefix="/v1", tags=["usage"], dependencies=[needs("audit:read")])
own = APIRouter(prefix="/v1", tags=["usage"], dependencies=[SIGNED_IN])

_MOST: Final = timedelta(days=366)
_COLUMNS: Final = tuple(UsageRow.model_fields)
_CSV: Final = "text/csv"
_AS_CSV: Final[dict[int | str, dict[str, object]]] = {
    200: {"content": {_CSV: {"schema": {"type": "string"}}}}
}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which days, and how they are written."""

    first: Day | None
    last: Day | None
    kind: str

    async def rows(self, scope: Scope) -> list[Row]:
        """What was asked on these days; raises BadParameter."""
        until = self.last or await reads.today(scope)
        since = self.first or until
        if not timedelta() <= until - since <= _MOST:
            raise BadParameter(f"`from` to `to` is a day to {_MOST.days} days.")
        return list(await asked(scope, since=since, until=until))

    def answer(self, rows: Iterable[Row], caller: Caller) -> Response:
        """The same as it was asked for."""
        told = Usage(rows=[_told(row, caller) for row in rows])
        if self.kind == "csv":
            return Response(_as_csv(told.rows), media_type=f"{_CSV}; charset=utf-8; header=present")
        return Json(told.model_dump_json())


async def _asked(
    first: Annotated[Day | None, Query(alias="from", description="as `to`")] = None,
    last: Annotated[Day | None, Query(alias="to", description="included; today")] = None,
    kind: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> _Asked:
    return _Asked(first, last, kind)


AskedUsage = Annotated[_Asked, Depends(_asked)]


@router.get("/usage", response_model=Usage, responses=_AS_CSV)
async def usage(
    service: InService, scope: InScope, caller: InCaller, which: AskedUsage
) -> Response:
    """What keys asked by day and kind: those that see no more than the caller does."""
    await service.quotas.write()
    return which.answer(await which.rows(scope), caller)


@own.get("/me/usage", response_model=Usage, responses=_AS_CSV)
async def own_usage(
    service: InService, scope: InScope, caller: InCaller, which: AskedUsage
) -> Response:
    """What the caller itself asked, by day and kind, and how much of it was refused."""
    await service.quotas.write()
    mine = [row for row in await which.rows(scope) if row["who"] == caller.id]
    return which.answer(mine, caller)


def _told(row: Row, caller: Caller) -> UsageRow:
    return UsageRow(
        **{name: row[name] for name in _COLUMNS if name in row},
        departments=[caller.refs[d] for d in row["department_ids"] if d in caller.refs],
    )


def _as_csv(rows: Iterable[UsageRow]) -> str:
    """RFC 4180. A label may begin like a formula, so it is quoted as text."""
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS)
    writer.writeheader()
    for row in rows:
        said = row.model_dump() | {"departments": " ".join(row.departments)}
        writer.writerow({name: _harmless(value) for name, value in said.items()})
    return text.getvalue()


def _harmless(value: object) -> object:
    """Spreadsheets run what begins so (OWASP: CSV injection)."""
    is_formula = isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{value}" if is_formula else value
