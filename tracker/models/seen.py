"""The views that reads are made from: own rows and those that others granted (sql/sharing.sql).

Each stands for a model of the same columns, as far as they are shared at all; a column that is not
in here is no caller's to see through a grant.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from sqlalchemy import Column, DateTime, MetaData, Table, Text
from sqlalchemy.orm import aliased

from tracker.models.base import Base
from tracker.models.fixes import Fix, Latest
from tracker.models.motion import TrackChunk
from tracker.models.registry import Vehicle
from tracker.models.watch import Alert, Event, Fence, Rule

#: Apart from the models': what is in here are views, and no migration makes them.
VIEWS: Final = MetaData()
Model = TypeVar("Model", bound=Base)

_LEFT_OUT: Final = {"fix": {"rollover_weeks", "inputs"}, "vehicle": {"contractor_id"}}
#: Of these no more is shared.
_NAMED: Final = {"id", "department_id", "ref", "name"}
_ONLY: Final = {"rule": _NAMED, "fence": _NAMED | {"kind"}}


def _view(model: type[Base], *more: Column[Any]) -> Table:
    table = Base.metadata.tables[model.__tablename__]
    kept = _ONLY.get(table.name) or set(table.columns.keys()) - _LEFT_OUT.get(table.name, set())
    columns = [Column(each.name, each.type) for each in table.columns if each.name in kept]
    return Table(f"seen_{table.name}", VIEWS, *columns, *more)


def _seen(model: type[Model], view: Table) -> type[Model]:
    return aliased(model, view, adapt_on_names=True)


#: With what a grant says of the vehicle: `granted` is its level; None: it is the caller's own.
SEEN_VEHICLES: Final = _view(
    Vehicle,
    Column("granted", Text),
    Column("purpose", Text),
    Column("granted_until", DateTime(timezone=True)),
)
SeenVehicle = _seen(Vehicle, SEEN_VEHICLES)
SeenFix = _seen(Fix, _view(Fix))
SeenLatest = _seen(Latest, _view(Latest))
SeenChunk = _seen(TrackChunk, _view(TrackChunk))
SeenEvent = _seen(Event, _view(Event))
SeenAlert = _seen(Alert, _view(Alert))
SeenFence = _seen(Fence, _view(Fence))
SeenRule = _seen(Rule, _view(Rule))
