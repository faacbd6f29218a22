"""Bytes into lines: whatever lies between sentences, and wherever the stream is cut."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from devices.nmea import Decoded, Decoder, GatewayDecoder, Reason
from devices.nmea.framing import checksum

Say = Callable[..., bytes]

RMC = "GPRMC,{0},A,2217.50000,N,11409.50000,E,19.44,90.00,230625,,,A"
GGA = "GPGGA,{0},2217.50000,N,11409.50000,E,1,09,0.9,50.0,M,-3.1,M,,"
# A machine that is busy with other things is no fault of ours.
patient = settings(deadline=None)

TIMES = ("101500.00", "101501.00", "101502.00")


def decoded(*portions: bytes) -> Decoded:
    decoder, total = Decoder(), Decoded()
    for portion in portions:
        total.extend(decoder.feed(portion))
    total.extend(decoder.finish())
    return total


def reasons(data: bytes) -> list[tuple[Reason, bytes]]:
    return [(one.reason, one.raw) for one in decoded(data).refused]


@st.composite
def noisy_streams(draw: st.DrawFn) -> bytes:
    """Sentences, whole and hurt, between bytes of any kind."""
    pieces = draw(
        st.lists(
            st.one_of(
                st.binary(max_size=40),
                st.binary(min_size=1000, max_size=2100),
                st.sampled_from([b"$", b"!", b"*", b"#", b"\\s:A*32\\", b"\r\n", b"$GPRMC,1*0"]),
                st.sampled_from(SENTENCES),
            ),
            max_size=12,
        )
    )
    return b"".join(pieces)


SENTENCES = [
    b"$GPGGA,101500.00,2217.50000,N,11409.50000,E,1,09,0.9,50.0,M,-3.1,M,,*43\r\n",
    b"$GPZDA,101500.00,23,06,2025,00,00*67\n",
    b"$GPVTG,90.0,T,,M,19.44,N,36.0,K,A*00",
]


@patient
@given(noisy_streams(), st.lists(st.integers(0, 3000), max_size=12))
def test_any_cut_gives_the_same(stream: bytes, cuts: list[int]) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(stream)), len(stream)]
    portions = [stream[a:b] for a, b in pairwise(edges)]
    assert decoded(*portions) == decoded(stream)


@patient
@given(noisy_streams())
def test_byte_by_byte_gives_the_same(stream: bytes) -> None:
    assert decoded(*(stream[i : i + 1] for i in range(len(stream)))) == decoded(stream)


@patient
@given(noisy_streams(), noisy_streams())
def test_a_whole_payload_is_its_bytes_and_then_its_end(first: bytes, second: bytes) -> None:
    whole, apart = Decoder(), Decoder()
    for payload in (first, second):
        expected = apart.feed(payload, origin=payload)
        expected.extend(apart.end_epoch())
        assert whole.whole(payload, origin=payload) == expected
    assert whole.finish() == apart.finish()


@patient
@given(st.integers(1, 990), st.randoms(use_true_random=False))
def test_the_checksum_is_that_of_all_bytes_at_any_length(length: int, chance: Random) -> None:
    body = b"PX," + bytes(chance.choices(b"ABC0123,.", k=length))
    assert decoded(b"$%s*%02X\n" % (body, _xor(body))).counts == {"PX": 1}
    assert reasons(b"$%s*%02X" % (body, _xor(body) ^ 1))[0][0] is Reason.CHECKSUM


@patient
@given(noisy_streams())
def test_every_byte_is_used_or_refused(stream: bytes) -> None:
    """Without a line that is good, everything but line ends comes back as refused."""
    total = decoded(stream)
    assume(not total.counts)
    back = b"".join(one.raw for one in total.refused)
    assert back == stream.replace(b"\r", b"").replace(b"\n", b"")


@patient
@given(st.binary(max_size=200))
def test_nothing_crashes_the_decoder(garbage: bytes) -> None:
    assert decoded(garbage).fixes == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "", "\r\r\n", "\n\n"])
def test_any_line_end_will_do(say: Say, end: str) -> None:
    data = b"".join(say(RMC.format(t), GGA.format(t), end=end) for t in TIMES)
    total = decoded(data)
    assert [fix.altitude_m for fix in total.fixes] == [50.0, 50.0, 50.0]
    assert total.refused == []


@patient
@given(st.lists(st.binary(max_size=60), min_size=6, max_size=6))
def test_garbage_between_sentences_costs_no_fix(say: Say, garbage: list[bytes]) -> None:
    sentences = [say(body.format(t)) for t in TIMES for body in (RMC, GGA)]
    harmless = [piece.replace(b"*", b"_") for piece in garbage]
    total = decoded(b"".join(a + b for a, b in zip(harmless, sentences, strict=True)))
    assert [(fix.speed_mps is None, fix.altitude_m) for fix in total.fixes] == [(False, 50.0)] * 3


def test_a_cut_sentence_glued_to_the_next_one(say: Say) -> None:
    cut = b"$GPRMC,101459.00,A,2217.5"
    total = decoded(cut + say(RMC.format(TIMES[0])))
    assert len(total.fixes) == 1
    assert [(one.reason, one.raw) for one in total.refused] == [(Reason.CUT, cut)]


def test_each_refusal_has_its_reason_and_its_bytes(say: Say) -> None:
    wrong = b"$GPRMC,101500.00,A,2217.50000,N,11409.50000,E,1.0,9.0,230625,,,A*00"
    no_hex = b"$GPGGA,101500.00,2217.50000,N,11409.50000,E,1,09,0.9,50.0,M,-3.1,M,,*zz"
    assert reasons(wrong + b"\r\n" + no_hex + b"\r\nlogin: \r\n") == [
        (Reason.CHECKSUM, wrong),
        (Reason.CHECKSUM, no_hex),
        (Reason.NOISE, b"login: "),
    ]


def test_a_checksum_over_bytes_that_are_no_text_is_a_fault_of_form(say: Say) -> None:
    body = "GPTXT,\xb5\x01"
    line = b"$" + body.encode("latin-1") + b"*%02X" % _xor(body.encode("latin-1"))
    assert reasons(line) == [(Reason.FORM, line)]


def test_a_sentence_without_an_address_is_a_fault_of_form(say: Say) -> None:
    assert reasons(say(",1,2", end="")) == [(Reason.FORM, say(",1,2", end=""))]


def _xor(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte
    return value


def test_noise_is_counted_and_never_piles_up() -> None:
    decoder = Decoder()
    total = decoder.feed(b"\xb5" * 10_000)
    assert total.noise_bytes >= 9_000
    assert max(len(one.raw) for one in total.refused) <= 1025


def test_lower_case_checksums_are_right(say: Say) -> None:
    data = say(RMC.format(TIMES[0]))
    assert len(decoded(data[:-4] + data[-4:].lower()).fixes) == 1


def test_comment_lines_are_counted_and_not_refused(say: Say) -> None:
    total = decoded(b"# recorded! on a $5 note\n" + say(RMC.format(TIMES[0])))
    assert (total.counts["#"], total.refused, len(total.fixes)) == (1, [], 1)


def test_the_last_line_needs_no_end_once_the_payload_ends(say: Say) -> None:
    decoder = Decoder()
    data = say(GGA.format(TIMES[0]), RMC.format(TIMES[0]), end="\n")[:-1]
    assert decoder.feed(data).fixes == []
    assert [fix.speed_mps is not None for fix in decoder.end_epoch().fixes] == [True]


def test_silence_keeps_the_half_line(say: Say) -> None:
    decoder, line = Decoder(), say(RMC.format(TIMES[0]))
    decoder.feed(line[:30])
    assert decoder.end_epoch(line_complete=False).refused == []
    decoder.feed(line[30:])
    assert len(decoder.end_epoch(line_complete=False).fixes) == 1


def test_a_reopened_port_drops_the_half_line(say: Say) -> None:
    decoder, line = Decoder(), say(RMC.format(TIMES[0]))
    decoder.feed(line[:30])
    assert [one.reason for one in decoder.end_epoch().refused] == [Reason.CUT]
    decoder.feed(line)
    assert len(decoder.finish().fixes) == 1


def test_ais_and_vendors_lines_are_counted(say: Say) -> None:
    ais = b"!AIVDM,1,1,,A,14eG;o@034o8sd<L9i:a;WF>062D,0*7D\r\n"
    total = decoded(ais + say("PMTK001,314,3", "EIGNQ,RMC", "GPGGA", "P", "IIMWV,343.0,R,8.4,N,A"))
    assert total.counts == {"AIVDM": 1, "PMTK001": 1, "GNQ": 1, "GPGGA": 1, "P": 1, "MWV": 1}
    assert (total.refused, total.fixes) == ([], [])


def test_a_tag_block_goes_with_its_sentence(say: Say) -> None:
    data = say(RMC.format(TIMES[0]), tag="s:VEH7,c:1750673700")
    assert (len(decoded(data).fixes), decoded(data).refused) == (1, [])


def test_one_decoder_never_mixes_two_devices(say: Say) -> None:
    total = decoded(
        say(RMC.format(TIMES[0]), tag="s:VEH1") + say(GGA.format(TIMES[0]), tag="s:VEH2")
    )
    assert [one.reason for one in total.refused] == [Reason.MIXED]
    assert [fix.altitude_m for fix in total.fixes] == [None]


def gateway(data: bytes) -> dict[str, Decoded]:
    decoder = GatewayDecoder()
    found = decoder.feed(data)
    for name, later in decoder.finish().items():
        found.setdefault(name, Decoded()).extend(later)
    return found


def test_a_gateway_builds_the_epochs_of_each_device_apart(say: Say) -> None:
    other = GGA.replace("2217.5", "2218.5")
    data = b"".join(
        say(GGA.format(t), tag="s:VEH1")
        + say(other.format(t), tag="s:VEH2")
        + say(RMC.format(t), tag="s:VEH1")
        + say(RMC.format(t), tag="s:VEH2")
        for t in TIMES
    )
    found = gateway(data)
    assert {name: len(one.fixes) for name, one in found.items()} == {"VEH1": 3, "VEH2": 3}
    assert found["VEH2"].fixes[0].lat == pytest.approx(22.308333333)


def test_a_group_of_lines_is_named_once(say: Say) -> None:
    data = say(GGA.format(TIMES[0]), tag="g:1-2-34,s:VEH1") + say(
        RMC.format(TIMES[0]), tag="g:2-2-34"
    )
    found = gateway(data)
    assert [fix.altitude_m for fix in found["VEH1"].fixes] == [50.0]


def test_a_gateway_refuses_what_no_sound_tag_block_names(say: Say) -> None:
    spoilt = say(RMC.format(TIMES[1]), tag="s:VEH1").replace(b"s:VEH1", b"s:VEH2")
    found = gateway(say(RMC.format(TIMES[0]), tag="s:VEH1") + spoilt + say(RMC.format(TIMES[2])))
    assert [one.reason for one in found[""].refused] == [Reason.CHECKSUM, Reason.MIXED]
    assert len(found["VEH1"].fixes) == 1


def test_a_gateway_refuses_a_broken_tag_block_even_before_the_first_name(say: Say) -> None:
    spoilt = say(RMC.format(TIMES[0]), tag="s:VEH1").replace(b"s:VEH1", b"s:VEH2")
    found = gateway(spoilt)
    assert [one.reason for one in found[""].refused] == [Reason.CHECKSUM]
    assert found[""].fixes == []


def test_a_gateway_without_tag_blocks_is_one_device(say: Say) -> None:
    assert len(gateway(say(RMC.format(TIMES[0])))[""].fixes) == 1


def test_a_silent_device_of_a_gateway_is_closed_alone(say: Say) -> None:
    decoder = GatewayDecoder()
    decoder.feed(say(RMC.format(TIMES[0]), tag="s:VEH1") + say(RMC.format(TIMES[0]), tag="s:VEH2"))
    assert len(decoder.end_epoch("VEH1").fixes) == 1
    assert len(decoder.finish()["VEH2"].fixes) == 1


OLD_RMC = b"$GPRMC,101500.00,A,2217.50000,N,11409.50000,E,19.44,90.00,230625,,,A"


@pytest.mark.parametrize("ending", [b"\r\n", b"\n", b""])
def test_old_gear_without_checksums_is_read_where_that_is_said(ending: bytes) -> None:
    lenient, strict = Decoder(needs_checksum=False), Decoder()
    assert [len(each.whole(OLD_RMC + ending).fixes) for each in (lenient, strict)] == [1, 0]


def test_a_gateway_reads_old_gear_by_its_tag_blocks() -> None:
    body = b"s:old"
    tagged = b"\\" + body + b"*%02X\\" % checksum(body) + OLD_RMC + b"\r\n"
    decoder = GatewayDecoder(needs_checksum=False)
    found = decoder.feed(tagged)
    for name, more in decoder.finish().items():
        found.setdefault(name, Decoded()).extend(more)
    assert {name: len(each.fixes) for name, each in found.items()} == {"old": 1}


@pytest.mark.parametrize(
    "line",
    [
        OLD_RMC + b"*00",
        OLD_RMC.replace(b",A,2217", b",A,\xff217"),
        b"GPRMC,101500.00,A,2217.5,N,11409.5,E,,,230625",
        OLD_RMC.replace(b"2217.50000", b"9917.50000"),
    ],
)
def test_a_wrong_checksum_and_a_hurt_line_stay_refused(line: bytes) -> None:
    found = Decoder(needs_checksum=False).whole(line + b"\r\n")
    assert (found.fixes, len(found.refused)) == ([], 1)


@given(st.lists(st.integers(1, 200), max_size=6))
def test_old_gear_is_read_however_it_is_cut(cuts: list[int]) -> None:
    data = OLD_RMC + b"\r\n" + OLD_RMC.replace(b"1500.00", b"1501.00") + b"\r\n"
    decoder, total = Decoder(needs_checksum=False), Decoded()
    for cut in cuts:
        portion, data = data[:cut], data[cut:]
        total.extend(decoder.feed(portion))
    total.extend(decoder.feed(data))
    total.extend(decoder.finish())
    assert (len(total.fixes), total.refused) == (2, [])
