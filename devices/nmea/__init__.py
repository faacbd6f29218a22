"""NMEA 0183: bytes in, fixes out. The doors are `Decoder` and `GatewayDecoder`."""

from devices.nmea.decoded import Decoded, Found, Heard, Notice, Reason, Refused
from devices.nmea.decoder import Decoder
from devices.nmea.gateway import GatewayDecoder
from devices.nmea.sentences import KINDS_READ

__all__ = [
    "KINDS_READ",
    "Decoded",
    "Decoder",
    "Found",
    "GatewayDecoder",
    "Heard",
    "Notice",
    "Reason",
    "Refused",
]
