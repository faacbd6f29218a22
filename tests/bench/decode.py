"""scripts/bench decode: what reading costs, in µs of CPU, so that a busy machine does not spoil it.

A fleet in which every device sends one epoch (RMC and GGA) a second, read by a decoder each: an
epoch a payload, as live, and ten a payload, as after a tunnel. pynmea2's parse of the same
sentences stands beside it; alone it gives fields, and neither checked values nor fixes.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pynmea2

from devices.nmea import Decoder
from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix

DIALECT = Dialect(talker="GN", sentences=["RMC", "GGA"])
START = datetime(2026, 11, 23, 16, 0, 0, tzinfo=UTC)
EPOCHS_A_PAYLOAD = 10
SENTENCES_AN_EPOCH = 2


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench decode", description=__doc__)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20, help="recorded of each device")
    parser.add_argument("--rounds", type=int, default=5, help="the fastest one counts")
    asked = parser.parse_args()
    fleet = recordings(asked.devices, asked.seconds)
    epochs = asked.devices * asked.seconds
    best = {
        "single_us": least_us(asked.rounds, lambda: decode(fleet, 1)) / epochs,
        "ten_us": least_us(asked.rounds, lambda: decode(fleet, EPOCHS_A_PAYLOAD)) / epochs,
        "pynmea2_us": least_us(asked.rounds, lambda: parse(fleet)) / epochs,
    }
    sentences_a_second = SENTENCES_AN_EPOCH * 1e6 / best["single_us"]
    sys.stdout.write(
        f"an epoch of RMC and GGA: {best['single_us']:.1f} µs alone in its payload,"
        f" {best['ten_us']:.1f} µs with ten in one; {sentences_a_second:,.0f} sentences/s\n"
        f"pynmea2.parse of the same two sentences: {best['pynmea2_us']:.1f} µs\n"
    )
    figures = {name: round(value, 2) for name, value in best.items()}
    sys.stdout.write(json.dumps(figures | {"sentences_s": round(sentences_a_second)}) + "\n")


def recordings(devices: int, seconds: int) -> list[list[bytes]]:
    """The epochs of each device: all move, and no two are at one place."""
    chance = random.Random(1)  # noqa: S311  the same fleet each time, no secret
    return [
        [epoch(chance, START + timedelta(seconds=second)) for second in range(seconds)]
        for _ in range(devices)
    ]


def epoch(chance: random.Random, moment: datetime) -> bytes:
    fix = Fix(
        fixed_at=moment,
        lon=chance.uniform(113.8, 114.4),
        lat=chance.uniform(22.2, 22.5),
        altitude_m=chance.uniform(0.0, 400.0),
        speed_mps=chance.uniform(0.0, 30.0),
        course_deg=chance.uniform(0.0, 359.0),
        hdop=chance.uniform(0.6, 2.0),
        satellites=chance.randint(5, 20),
    )
    return "".join(f"{line}\r\n" for line in sentences(fix, DIALECT)).encode()


def decode(fleet: Sequence[Sequence[bytes]], at_once: int) -> float:
    """CPU seconds of reading it all, payload by payload in the order in which they would come."""
    decoders = [Decoder() for _ in fleet]
    length = len(fleet[0])
    payloads = [
        (decoder, b"".join(epochs[first : first + at_once]), START + timedelta(seconds=first))
        for first in range(0, length, at_once)
        for decoder, epochs in zip(decoders, fleet, strict=True)
    ]
    started_s = time.process_time()
    fixes = 0
    for decoder, payload, received_at in payloads:
        fixes += len(decoder.whole(payload, received_at).found)
    spent_s = time.process_time() - started_s
    if fixes != len(fleet) * length:
        raise AssertionError(f"{fixes} fixes of {len(fleet) * length} epochs")
    return spent_s


def parse(fleet: Sequence[Sequence[bytes]]) -> float:
    """CPU seconds of pynmea2 alone, checksums on."""
    lines = [line for epochs in fleet for each in epochs for line in each.decode().splitlines()]
    started_s = time.process_time()
    for line in lines:
        pynmea2.parse(line, check=True)
    return time.process_time() - started_s


def least_us(rounds: int, run: Callable[[], float]) -> float:
    """The fastest of some rounds, without the collector, whose turn would fall on any of them."""
    gc.disable()
    try:
        return min(run() for _ in range(rounds)) * 1e6
    finally:
        gc.enable()


if __name__ == "__main__":
    main()
