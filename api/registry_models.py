"""The shapes of what is registered, for who manages it; of people and of what was refused."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.models import Model, Name
from tracker.moments import Moment
from tracker.registry import DeviceTerms, VehicleTerms
from tracker.rows import Ref, names_of
from tracker.users import PersonName, RoleAtPlace

#: Enrolled in one request.
MOST_ENROLLED = 500

_GIVEN = ConfigDict(extra="forbid", frozen=True, validate_by_name=True)


class Names(Model):
    """How people call it."""

    model_config = _GIVEN

    name: Name = Name()

    def names(self, ref: str) -> dict[str, str]:
        """As they are stored: a missing one is the other, or the ref."""
        return names_of(ref, self.name.en.strip(), self.name.zh_hant.strip())


class VehicleEdit(VehicleTerms, Names):
    """What a vehicle is to be."""

    model_config = _GIVEN


class VehicleGiven(VehicleEdit):
    """A new vehicle."""

    department: Ref
    ref: Ref


class DeviceEdit(DeviceTerms):
    """What a device is to be."""

    model_config = _GIVEN


class DeviceGiven(DeviceEdit):
    """A new device, in a vehicle (ref) of its department or in none."""

    department: Ref
    ref: Ref
    vehicle: Ref | None = None
    #: Since when it has been in it; by default always.
    since: Moment | None = None
    #: Make its password. Not for a device on a cable, nor for AIS.
    password: bool = True


class DevicesGiven(Model):
    """New devices, all of them or none."""

    model_config = _GIVEN

    devices: Annotated[list[DeviceGiven], Field(min_length=1, max_length=MOST_ENROLLED)]


class DevicePlace(Model):
    """The vehicle (ref) that a device is to be in; null: in none."""

    model_config = _GIVEN

    vehicle: Ref | None
    #: By default always where it was in none before, else now.
    since: Moment | None = None


class ContractorGiven(Names):
    """A new firm."""

    department: Ref
    ref: Ref


class DepartmentGiven(Names):
    """A new department."""

    department: Ref


class _Registered(Model):
    created_at: datetime
    #: Grows with each change; the ETag.
    revision: int


class RegisteredVehicle(_Registered):
    """A vehicle as it is registered: nothing of where it is."""

    vehicle: str
    department: str
    name: Name
    plate: str | None
    vehicle_class: str
    capabilities: list[str]
    application: str | None
    #: Ref of the firm that drives it.
    contractor: str | None
    moving_interval_s: int
    stopped_interval_s: int
    heartbeat_s: int
    max_speed_mps: float | None
    retired_at: datetime | None
    #: In it now.
    device: str | None


class RegisteredDevice(_Registered):
    """A device as it is registered."""

    device: str
    department: str
    #: That it is in now, and since when; null: always.
    vehicle: str | None
    since: datetime | None
    accept_from: datetime
    rollover: Literal["auto", "on", "off"]
    mmsi: str | None
    retired_at: datetime | None
    online: bool | None


class EnrolledDevice(RegisteredDevice):
    """A device with its new password, told this once; null where it has none, or was told."""

    password: str | None


class RegisteredContractor(_Registered):
    """A firm that drives vehicles of a department."""

    contractor: str
    department: str
    name: Name
    vehicles: int


class RegisteredDepartment(_Registered):
    """A department, and what it has in service."""

    department: str
    name: Name
    vehicles: int
    devices: int


class RegisteredVehicles(Model):
    """Those of the caller's departments, also retired ones."""

    vehicles: list[RegisteredVehicle]


class RegisteredDevices(Model):
    """Those of the caller's departments, also retired ones."""

    devices: list[RegisteredDevice]


class EnrolledDevices(Model):
    """Devices with their passwords, in the order in which they were given."""

    devices: list[EnrolledDevice]


class RegisteredContractors(Model):
    """Those of the caller's departments."""

    contractors: list[RegisteredContractor]


class RegisteredDepartments(Model):
    """All of the government's."""

    departments: list[RegisteredDepartment]


class User(_Registered):
    """A person who signs in here by a password."""

    login: str
    name: str
    #: Those in the caller's departments.
    roles: list[str]
    #: They have other roles too.
    elsewhere: bool
    #: The caller may change their name, password and state.
    within: bool
    password_set_at: datetime
    disabled_at: datetime | None


class UserWithPassword(User):
    """A person with a new password, told this once; null where it was told before."""

    password: str | None


class Users(Model):
    """Who holds or held a role in the caller's departments, by login."""

    users: list[User]


class UserEdit(Model):
    """What may change of a person."""

    model_config = _GIVEN

    name: PersonName


class Roles(Model):
    """Roles at places: `dispatcher@FSD`."""

    model_config = _GIVEN

    roles: Annotated[list[RoleAtPlace], Field(min_length=1, max_length=50)]


class Reject(Model):
    """Something refused: from whom, when and why."""

    id: int
    received_at: datetime
    #: As it claims: full ref, registered or not.
    device: str | None
    source: str
    boot: str | None
    seq: int | None
    reason: str
    replay_asked_at: datetime | None
    #: Since then it is stored.
    replayed_at: datetime | None


class RejectText(Reject):
    """With what was sent, as text; bytes that are no UTF-8 as \\x.."""

    raw: str


class Rejects(Model):
    """The newest, the newest first."""

    rejects: list[Reject]


class RejectTexts(Model):
    """The newest, the newest first."""

    rejects: list[RejectText]


class ReplayAsked(Model):
    """What is to be read again: of a device (full ref)."""

    model_config = _GIVEN

    device: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    reasons: Annotated[list[Annotated[str, Field(max_length=60)]], Field(max_length=50)] | None = (
        None
    )
    since: Moment | None = None


class Replay(Model):
    """How many ingest reads again, within seconds; the list tells which were stored."""

    asked: int
