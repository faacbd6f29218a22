"""The read models: what the API shows, always in the scope of one caller."""

from tracker.reads.adoption import adoption
from tracker.reads.alerts import alert_changes, alerts, alerts_between, alerts_by_id, has_alert
from tracker.reads.callers import (
    Caller,
    Held,
    Sight,
    caller_of,
    caller_with,
    department_names,
    department_refs,
    departments,
    held_of,
    installation,
)
from tracker.reads.crossings import crossings
from tracker.reads.days import SUMS, By, Days, days, time_zone, today
from tracker.reads.device_health import device_health
from tracker.reads.devices import device, devices, receipts
from tracker.reads.errors import BadCursor, BadFilter, NoLongerSeen, TooMuch, TooSlow, Unanswerable
from tracker.reads.features import (
    Extent,
    Page,
    Wanted,
    extent,
    feature,
    features,
    give_up_after,
)
from tracker.reads.fences import (
    MOST_FENCES,
    State,
    fence,
    fence_shares,
    fence_versions,
    fences,
    fences_between,
)
from tracker.reads.granted import Granted, granted_vehicles, grants_in_force, shared_presence
from tracker.reads.groups import groups, scopes
from tracker.reads.health import ingest_health, warnings
from tracker.reads.journal import Window, gaps, odometer, stops, trips
from tracker.reads.latest import Box, Columns, among, as_rows, positions
from tracker.reads.layers import LAYERS, Kind, Layer
from tracker.reads.motion import MOTIONS, motion_codes
from tracker.reads.moving import Moved, moved
from tracker.reads.near import Near, near
from tracker.reads.playback import LATE_US, MOST_PLAYED, Played, Shown, Thinning, played, thinned
from tracker.reads.private import presence, private_times
from tracker.reads.registered import Registered, registered
from tracker.reads.rules import rule_versions, rules
from tracker.reads.session import Reader, Row, Scope, awake, told
from tracker.reads.simplified import Coarseness, Simplified, simplified
from tracker.reads.tiles import tile
from tracker.reads.time_spent import TimeSpent, time_spent
from tracker.reads.tracks import Stretch, Track, pages, track
from tracker.reads.trials import rule_figures
from tracker.reads.values import day_of, instant_of
from tracker.reads.vehicles import applications, vehicle, vehicle_refs, vehicles
from tracker.reads.visits import MOST_RADIUS_M, MOST_WINDOW, Nearby, visitors
from tracker.reads.whereabouts import KNOWN_BY, Instant, whereabouts

__all__ = [
    "KNOWN_BY",
    "LATE_US",
    "LAYERS",
    "MOST_FENCES",
    "MOST_PLAYED",
    "MOST_RADIUS_M",
    "MOST_WINDOW",
    "MOTIONS",
    "SUMS",
    "BadCursor",
    "BadFilter",
    "Box",
    "By",
    "Caller",
    "Coarseness",
    "Columns",
    "Days",
    "Extent",
    "Granted",
    "Held",
    "Instant",
    "Kind",
    "Layer",
    "Moved",
    "Near",
    "Nearby",
    "NoLongerSeen",
    "Page",
    "Played",
    "Reader",
    "Registered",
    "Row",
    "Scope",
    "Shown",
    "Sight",
    "Simplified",
    "State",
    "Stretch",
    "Thinning",
    "TimeSpent",
    "TooMuch",
    "TooSlow",
    "Track",
    "Unanswerable",
    "Wanted",
    "Window",
    "adoption",
    "alert_changes",
    "alerts",
    "alerts_between",
    "alerts_by_id",
    "among",
    "applications",
    "as_rows",
    "awake",
    "caller_of",
    "caller_with",
    "crossings",
    "day_of",
    "days",
    "department_names",
    "department_refs",
    "departments",
    "device",
    "device_health",
    "devices",
    "extent",
    "feature",
    "features",
    "fence",
    "fence_shares",
    "fence_versions",
    "fences",
    "fences_between",
    "gaps",
    "give_up_after",
    "granted_vehicles",
    "grants_in_force",
    "groups",
    "has_alert",
    "held_of",
    "ingest_health",
    "installation",
    "instant_of",
    "motion_codes",
    "moved",
    "near",
    "odometer",
    "pages",
    "played",
    "positions",
    "presence",
    "private_times",
    "receipts",
    "registered",
    "rule_figures",
    "rule_versions",
    "rules",
    "scopes",
    "shared_presence",
    "simplified",
    "stops",
    "thinned",
    "tile",
    "time_spent",
    "time_zone",
    "today",
    "told",
    "track",
    "trips",
    "vehicle",
    "vehicle_refs",
    "vehicles",
    "visitors",
    "warnings",
    "whereabouts",
]
