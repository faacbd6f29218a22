"""Pure geometry and motion: arrays in, arrays out. No I/O, no clock, no SQL."""
