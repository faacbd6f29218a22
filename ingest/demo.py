"""Registers the demonstration government, so that its virtual vehicles are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.simulator.government import Government, Oddity, Vehicle
from tracker import registry
from tracker.install import set_name
from tracker.registry import New

if TYPE_CHECKING:
    from tracker.access import Owner


def sources(government: Government, serial: Path, recording: Path) -> str:
    """Where the demonstration's cabled and recorded vehicles are read, as `MILEPOST_SOURCES`."""
    places = {Oddity.SERIAL: f"serial:{serial}", Oddity.RECORDED: f"file:{recording}"}
    return " ".join(
        f"{places[vehicle.device.oddity]}?device={vehicle.department}/{vehicle.device.ref}"
        for vehicle in government.vehicles
        if vehicle.device.oddity in places
    )


async def enrol(government: Government, connection: Owner) -> int:
    """Register what is not there yet, in the caller's transaction; returns how many vehicles."""
    await set_name(connection, _both(government.name), demo=True)
    for kind, wanted in _wanted(government).items():
        known = await registry.refs(connection, kind)
        for full_ref, new in wanted:
            if full_ref not in known:
                await registry.add(new, connection)
    return len(government.vehicles)


def _wanted(government: Government) -> dict[str, list[tuple[str, New]]]:
    """All that belongs to the government by kind, in the order in which it can be added."""
    return {
        "department": [
            (ref, registry.NewDepartment(ref=ref, **_names(name)))
            for ref, name in government.departments.items()
        ],
        "cluster": [
            (ref, registry.NewCluster(ref=ref, **_names(name)))
            for ref, name in government.clusters.items()
        ],
        "application": list(_applications(government)),
        "vehicle": [(vehicle.full_ref, _vehicle(vehicle)) for vehicle in government.vehicles],
        "device": [
            (f"{vehicle.department}/{vehicle.device.ref}", _device(vehicle))
            for vehicle in government.vehicles
        ],
        "fence": list(_fences(government)),
        "rule": list(_rules(government)),
    }


def _both(name: Mapping[Any, str]) -> dict[str, str]:
    return {str(language): text for language, text in name.items()}


def _names(name: Mapping[Any, str]) -> dict[str, Any]:
    return {"name_en": name["en"], "name_zh_hant": name["zh-Hant"]}


def _applications(government: Government) -> Iterator[tuple[str, New]]:
    for each in government.applications:
        yield (
            each.code,
            registry.NewApplication(
                ref=each.code,
                department=each.department,
                cluster=each.cluster,
                stage=each.stage,
                open_delay_s=each.open_delay_s,
                **_names(each.name),
            ),
        )


def _vehicle(vehicle: Vehicle) -> New:
    return registry.NewVehicle(
        ref=vehicle.ref,
        department=vehicle.department,
        application=vehicle.application.code,
        plate=vehicle.plate,
        vehicle_class=vehicle.vehicle_class,
        capabilities=vehicle.capabilities,
        moving_interval_s=vehicle.moving_interval_s,
        stopped_interval_s=vehicle.stopped_interval_s,
        **_names(vehicle.name),
    )


def _device(vehicle: Vehicle) -> New:
    return registry.NewDevice(
        ref=vehicle.device.ref,
        department=vehicle.department,
        vehicle=vehicle.ref,
        accept_from=vehicle.device.accept_from,
    )


def _fences(government: Government) -> Iterator[tuple[str, New]]:
    for each in government.fences:
        yield (
            f"{each.department}/{each.ref}",
            registry.NewFence(
                ref=each.ref,
                department=each.department,
                definition=each.definition,
                **_names(each.name),
            ),
        )


def _rules(government: Government) -> Iterator[tuple[str, New]]:
    for each in government.rules:
        yield (
            f"{each.department}/{each.ref}",
            registry.NewRule.model_validate(
                {
                    "ref": each.ref,
                    "department": each.department,
                    "on": each.on_kinds,
                    "fence": each.fence,
                    "severity": each.severity,
                    **each.terms,
                    **_names(each.name),
                }
            ),
        )
