"""Examples of what is sent and answered, by the name of its schema. Tests hold them to it."""

from __future__ import annotations

from typing import Any, Final

_SQUARE: Final = [
    [[114.16, 22.29], [114.18, 22.29], [114.18, 22.31], [114.16, 22.31], [114.16, 22.29]]
]
_NAME: Final = {"en": "Depot", "zh-Hant": "車廠"}
_POSITION: Final[dict[str, Any]] = {
    "vehicle": "FSD/AMB-012",
    "id": 12,
    "department": "FSD",
    "fixed_at": "2026-11-27T08:15:30Z",
    "received_at": "2026-11-27T08:15:31.2Z",
    "age_s": 1.9,
    "speed_mps": 12.5,
    "course_deg": 87.0,
    "heading_deg": None,
    "accuracy_m": 4.0,
    "altitude_m": 11.0,
    "ignition": True,
    "inputs": None,
    "motion": "moving",
    "source": "receiver",
    "quality": "good",
    "duty_status": "available",
    "granted": None,
    "purpose": None,
    "granted_until": None,
}
_FEATURE: Final[dict[str, Any]] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [114.1694, 22.3193]},
    "properties": _POSITION,
}

EXAMPLES: Final[dict[str, Any]] = {
    "Name": _NAME,
    "Position": _POSITION,
    "PositionFeature": _FEATURE,
    "Positions": {"type": "FeatureCollection", "features": [_FEATURE]},
    "DutyChange": {"status": "available", "since": "2026-11-27T08:00:00Z"},
    "FenceGiven": {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": _SQUARE},
        "properties": {"department": "FSD", "ref": "depot", "name": _NAME, "why": "new depot"},
    },
    "ShareGiven": {"to": "HKPF", "why": "joint operation"},
    "GroupGiven": {"department": "FSD", "ref": "ambulances", "name": {"en": "Ambulances"}},
    "GroupNames": {"name": {"en": "Ambulances", "zh-Hant": "救護車"}},
    "MembersGiven": {"members": ["AMB-012", "AMB-013"]},
    "WatchingGiven": {"department": "FSD", "vehicles": "ambulances", "fences": "depots"},
    "RuleGiven": {
        "department": "FSD",
        "ref": "depot-exit",
        "on": ["exit"],
        "fence": "depot",
        "severity": "warning",
    },
    "NewGrant": {
        "from": "FSD",
        "to": "HKPF",
        "level": "position",
        "vehicles": ["FSD/AMB-012"],
        "valid_until": "2027-01-31T16:00:00Z",
        "purpose": "joint operation",
    },
    "Revocation": {"why": "the operation is over"},
    "NewShare": {"vehicle": "FSD/AMB-012", "hours": 2, "purpose": "escort of an oversized load"},
    "NewSubscription": {
        "department": "FSD",
        "ref": "alerts-to-dispatch",
        "kind": "webhook",
        "target": "https://dispatch.example.gov/hooks/milepost",
        "types": ["milepost.alert.*"],
    },
    "NewKey": {
        "label": "wall map in the control room",
        "roles": ["dispatcher@FSD"],
        "scopes": ["positions:read"],
        "days": 90,
    },
    "Acknowledge": {"note": "seen, calling the driver"},
    "AddNote": {"note": "the driver answers"},
    "Vehicle": {
        "id": 12,
        "vehicle": "FSD/AMB-012",
        "department": "FSD",
        "name": {"en": "Ambulance 12", "zh-Hant": "救護車12號"},
        "plate": "AM 1234",
        "class": "ambulance",
        "application": "FSD-EMS",
        "capabilities": ["ambulance"],
        "duty_status": "available",
        "private": False,
        "interval_s": [5, 60],
        "granted": None,
        "purpose": None,
        "granted_until": None,
    },
    "SignInWithPassword": {"name": "anna", "password": "several words of her own"},
}
