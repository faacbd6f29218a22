"""Keys of programs, as administrators of departments keep them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.caller import InCaller, InScope, needs
from api.errors import NotFound
from api.key_models import Key, Keys, MadeKey
from api.service import InService
from tracker import keys as domain
from tracker.keys import NewKey
from tracker.reads import Caller, Row, Scope

router = APIRouter(prefix="/v1", tags=["keys"], dependencies=[needs("users:admin")])

_Name = Annotated[
    str, Path(pattern="^mp_[0-9a-f]{8}$", description="its name: `mp_1a2b3c4d`, not the whole key")
]


@router.get("/keys")
async def keys(scope: InScope, caller: InCaller) -> Keys:
    """Programs' keys within the caller's departments: what they may do, until when, when used."""
    rows = await domain.keys(scope, everywhere=caller.platform)
    return Keys(keys=[Key.model_validate(_told(row)) for row in rows])


@router.post("/keys", status_code=201)
async def make(scope: InScope, caller: InCaller, new: NewKey) -> MadeKey:
    """Make a key with roles in the caller's departments. The answer alone has its text."""
    made = await domain.make(scope, caller, new)
    row = await _one(scope, caller, made.name)
    return MadeKey.model_validate({**_told(row), "secret": made.text})


@router.delete("/keys/{key}")
async def revoke(scope: InScope, caller: InCaller, service: InService, key: _Name) -> Key:
    """End a key: programs that use it are refused within seconds, also by other processes."""
    name = key.removeprefix("mp_")
    await domain.revoke(scope, name, everywhere=caller.platform)
    row = await _one(scope, caller, name)
    service.callers.forget_all()
    return Key.model_validate(_told(row))


async def _one(scope: Scope, caller: Caller, name: str) -> Row:
    rows = await domain.keys(scope, everywhere=caller.platform, name=name)
    if not rows:
        raise NotFound(f"(key mp_{name})")
    return rows[0]


def _told(row: Row) -> dict[str, object]:
    return {**row, "key": f"mp_{row['name']}"}
