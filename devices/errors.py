"""What devices say wrongly.

DeviceError
├── FieldError      a sentence whose checksum fits but whose field cannot be right
│   ├── FormError
│   └── RangeError
└── RecordingError  a file that is to be imported
    ├── UnknownRecordingError
    ├── HeaderError
    ├── DocumentTypeError
    └── BrokenRecordingError
"""

from __future__ import annotations


class DeviceError(Exception):
    """A device's message cannot be used."""

    def __init__(self, *, value: str = "") -> None:
        """Take the docstring as the message, and the offending text as its end."""
        message = type(self).__doc__ or ""
        super().__init__(f"{message} Got {value!r}." if value else message)


class FieldError(DeviceError):
    """A field of a sentence cannot be right. Look at the line and the receiver's cable."""


class FormError(FieldError):
    """A field is not written as NMEA 0183 asks. Look for noise on the line or an odd dialect."""


class RangeError(FieldError):
    """A field is outside what it can be. Look for noise on the line or a broken receiver."""


class RecordingError(DeviceError):
    """The file cannot be imported."""


class UnknownRecordingError(RecordingError):
    """The file is neither GPX, nor NMEA, nor CSV with a known header: say which with --format."""


class HeaderError(RecordingError):
    """The header must name a time with its zone (fixed_at) and a place: lat and lon, or easting_m and northing_m."""  # noqa: E501  the sentence is the message


class DocumentTypeError(RecordingError):
    """A GPX file with a document type is not read: take the <!DOCTYPE …> out of it."""


class BrokenRecordingError(RecordingError):
    """The file breaks off or is not of its format; what stands before that place is imported."""
