"""Virtual vehicles that drive, speak NMEA, and send it as a well-behaved device does.

`load_government` says who there is, `build_fleet` puts them on their ways, `run_fleet` lets them
report. `Sender` alone is one device.
"""

from devices.simulator.fleet import build_fleet
from devices.simulator.government import Government, load_government
from devices.simulator.publisher import Tally, run_fleet
from devices.simulator.sender import Sender
from devices.simulator.truth import Truth, truth
from devices.simulator.vehicle import VirtualVehicle

__all__ = [
    "Government",
    "Sender",
    "Tally",
    "Truth",
    "VirtualVehicle",
    "build_fleet",
    "load_government",
    "run_fleet",
    "truth",
]
