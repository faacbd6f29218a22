"""What can go wrong in the simulator.

DeviceError
├── GovernmentError    the demonstration's own description cannot be used
├── StoreFullError     a device has no room for another message
├── AckError           what came on an `ack` topic is no acknowledgement
├── BrokerUrlError     the address of the broker is none
└── SerialPathError    there is something else where the serial port should be
"""

from __future__ import annotations

from devices.errors import DeviceError


class GovernmentError(DeviceError):
    """The description of the government cannot be used. Correct the named place in its files."""


class StoreFullError(DeviceError):
    """The device's store of unacknowledged messages is full. Bring the service back, or wait."""


class AckError(DeviceError):
    """What came on the `ack` topic is no acknowledgement. See who else may write to that topic."""


class SerialPathError(DeviceError):
    """The path of the serial port is taken. Name one where nothing is, or only an old link."""


class BrokerUrlError(DeviceError):
    """The broker's address cannot be used. Write mqtt://[user:password@]host[:port], or mqtts://."""
