"""What each sentence gives, when it counts as valid, and which fields refuse it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.nmea import Decoded, Decoder, Reason
from geo.fix import Fix

Say = Callable[..., bytes]

RMC = "GPRMC,101500.00,A,2217.50000,N,11409.50000,E,19.44,90.00,230625,,,A"
GGA = "GPGGA,101500.00,2217.50000,N,11409.50000,E,1,09,0.9,50.0,M,-3.1,M,,"
GNS = "GNGNS,101500.00,2217.50000,N,11409.50000,E,AAN,09,0.9,50.0,-3.1,,"
GLL = "GPGLL,2217.50000,N,11409.50000,E,101500.00,A,A"
VTG = "GPVTG,90.0,T,,M,10.0,N,18.5,K,A"
ZDA = "GPZDA,101500.00,23,06,2025,00,00"


@pytest.fixture
def read(say: Say) -> Callable[..., Decoded]:
    """All of one epoch."""

    def run(*bodies: str) -> Decoded:
        decoder = Decoder()
        total = decoder.feed(say(*bodies))
        total.extend(decoder.finish())
        return total

    return run


Read = Callable[..., Decoded]


def only(found: Decoded) -> Fix:
    assert found.refused == []
    (fix,) = found.fixes
    return fix


def test_rmc_alone_makes_a_fix_of_two_dimensions(read: Read) -> None:
    fix = only(read(RMC))
    assert fix.fixed_at.isoformat() == "2025-06-23T10:15:00+00:00"
    assert (fix.lat, fix.lon) == pytest.approx((22.291666667, 114.158333333))
    assert (fix.speed_mps, fix.course_deg) == pytest.approx((10.00080, 90.0))
    assert (fix.altitude_m, fix.hdop, fix.satellites, fix.mode) == (None, None, None, 2)


def test_gga_adds_altitude_hdop_and_satellites(read: Read) -> None:
    fix = only(read(RMC, GGA))
    assert (fix.altitude_m, fix.hdop, fix.satellites, fix.mode) == (50.0, 0.9, 9, 3)


def test_gns_does_as_gga(read: Read) -> None:
    fix = only(read(ZDA, GNS))
    assert (fix.altitude_m, fix.hdop, fix.satellites, fix.mode) == (50.0, 0.9, 9, 3)


@pytest.mark.parametrize("order", [(RMC, GGA, GLL), (GLL, GGA, RMC), (GLL, RMC, GGA)])
def test_the_position_is_the_best_sentences(read: Read, order: tuple[str, ...]) -> None:
    """GGA before RMC before GLL, whatever the order in which they come."""
    shifted = {RMC: RMC.replace("2217.5", "2217.6"), GGA: GGA, GLL: GLL.replace("2217.5", "2217.7")}
    assert only(read(*(shifted[body] for body in order))).lat == pytest.approx(22.291666667)
    without_gga = [shifted[body] for body in order if body != GGA]
    assert only(read(*without_gga)).lat == pytest.approx(22.293333333)


def test_speed_and_course_are_rmcs_before_vtgs(read: Read) -> None:
    assert only(read(RMC, VTG)).speed_mps == pytest.approx(10.0, abs=0.01)
    assert only(read(ZDA, GGA, VTG)).speed_mps == pytest.approx(5.144, abs=0.001)


def test_vtg_in_kilometres_an_hour_only(read: Read) -> None:
    fix = only(read(ZDA, GGA, "GPVTG,90.0,T,,M,,N,36.0,K,A"))
    assert (fix.speed_mps, fix.course_deg) == (10.0, 90.0)


def test_an_empty_course_is_unknown_and_a_sent_nought_is_nought(read: Read) -> None:
    assert only(read(RMC.replace("90.00", ""))).course_deg is None
    assert only(read(RMC.replace("90.00", "0.00"))).course_deg == 0.0
    assert only(read(RMC.replace("90.00", "360.0"))).course_deg == 0.0


@pytest.mark.parametrize(
    ("bodies", "is_fix"),
    [
        ([RMC.replace(",A,2", ",V,2")], False),
        ([RMC.replace(",,,A", ",,,N")], False),
        ([RMC.replace(",,,A", ",,,D,V")], True),
        ([RMC.replace(",,,A", ",,,D,S")], True),
        ([RMC.replace(",,,A", "")], True),
        ([ZDA, GGA.replace("E,1,", "E,2,")], True),
        ([ZDA, GGA.replace("E,1,", "E,9,")], True),
        ([ZDA, GGA.replace("E,1,", "E,0,")], False),
        ([ZDA, GGA.replace("E,1,", "E,,")], False),
        ([ZDA, GGA.replace("E,1,", "E,6,")], False),
        ([ZDA, GGA.replace("E,1,", "E,7,")], False),
        ([ZDA, GGA.replace("E,1,", "E,8,")], False),
        ([ZDA, GNS.replace("AAN", "NNN")], False),
        ([ZDA, GNS.replace("AAN", "N")], False),
        ([ZDA, GNS.replace("AAN", "")], False),
        ([ZDA, GNS.replace("AAN", "NNNNR") + ",V"], True),
        ([ZDA, GLL], True),
        ([ZDA, GLL.replace(",A,A", ",A")], True),
        ([ZDA, GLL.replace(",A,A", ",V,A")], False),
        ([ZDA, GLL.replace(",A,A", ",N,V")], False),
        ([ZDA, GLL.replace(",A,A", ",A,N")], False),
        ([RMC, GGA.replace("E,1,", "E,0,")], False),
        ([GGA, RMC.replace(",A,2", ",V,2")], False),
        ([RMC, GGA, GLL.replace(",A,A", ",V,N")], False),
        ([RMC, GGA, VTG.replace("K,A", "K,N")], False),
        ([RMC, GGA, "GPGSA,A,1,,,,,,,,,,,,,,,"], False),
        ([RMC, GGA, "GNGSA,A,1,,,,,,,,,,,,,,,", "GNGSA,A,3,05,,,,,,,,,,,,1,1,1"], True),
        ([RMC, GGA.replace("E,1,", "E,6,")], True),
    ],
)
def test_any_sentence_that_says_void_makes_the_epoch_void(
    read: Read, bodies: list[str], is_fix: bool
) -> None:
    assert len(read(*bodies).fixes) == is_fix


def test_a_void_epoch_is_told(read: Read) -> None:
    assert read(RMC.replace(",A,2", ",V,2"), GGA).void_epochs == 1


def test_nothing_is_taken_from_an_estimated_gga(read: Read) -> None:
    assert only(read(RMC, GGA.replace("E,1,", "E,6,"))).altitude_m is None


@pytest.mark.parametrize(
    ("sats_hdop", "day", "is_fix"),
    [
        ("09,0.9", "230625", True),
        ("09,50.0", "230625", False),
        ("09,99.99", "230625", False),
        ("00,0.9", "230625", False),
        ("09,0.9", "060180", False),
        ("09,0.9", "050180", False),
    ],
)
def test_null_island_of_a_cold_receiver_is_void(
    read: Read, sats_hdop: str, day: str, is_fix: bool
) -> None:
    place = "0000.00000,N,00000.00000,E"
    gga = GGA.replace("2217.50000,N,11409.50000,E", place).replace("09,0.9", sats_hdop)
    rmc = RMC.replace("2217.50000,N,11409.50000,E", place).replace("230625", day)
    assert len(read(gga, rmc).fixes) == is_fix


@pytest.mark.parametrize(("sent", "hdop"), [("99.99", None), ("99.0", None), ("0.0", None)])
def test_dilutions_that_stand_for_unknown(read: Read, sent: str, hdop: float | None) -> None:
    assert only(read(RMC, GGA.replace("0.9", sent))).hdop is hdop


@pytest.mark.parametrize(
    ("gsa", "mode"),
    [
        (["GPGSA,A,2,05,,,,,,,,,,,,1,1,1"], 2),
        (["GPGSA,A,3,05,,,,,,,,,,,,1,1,1"], 3),
        (["GNGSA,A,2,05,,,,,,,,,,,,1,1,1,1", "GNGSA,A,3,65,,,,,,,,,,,,1,1,1,2"], 3),
    ],
)
def test_the_mode_is_the_best_of_the_gsa(read: Read, gsa: list[str], mode: int) -> None:
    assert only(read(RMC, GGA, *gsa)).mode == mode


def test_the_mode_without_gsa_needs_four_satellites_and_an_altitude(read: Read) -> None:
    assert only(read(RMC, GGA)).mode == 3
    assert only(read(RMC, GGA.replace(",09,", ",03,"))).mode == 2
    assert only(read(RMC, GGA.replace(",50.0,", ",,"))).mode == 2


def test_accuracy_is_gsts_before_gbs_before_pgrme(read: Read) -> None:
    gst = "GPGST,101500.00,1.0,,,,3.0,4.0,9.0"
    gbs = "GPGBS,101500.00,6.0,8.0,9.0,,,,"
    garmin = "PGRME,15.0,M,22.0,M,25.0,M"
    assert only(read(RMC, garmin, gbs, gst)).accuracy_m == 5.0
    assert only(read(RMC, garmin, gbs)).accuracy_m == 10.0
    assert only(read(RMC, garmin)).accuracy_m == 15.0
    assert only(read(gst, RMC)).accuracy_m == 5.0
    assert only(read(gst.replace("101500", "101459"), RMC)).accuracy_m is None


@pytest.mark.parametrize(
    ("body", "heading_deg"),
    [
        ("GPHDT,123.4,T", 123.4),
        ("GNTHS,123.4,A", 123.4),
        ("GNTHS,123.4,V", None),
        ("HCHDG,101.0,2.0,W,3.5,E", 102.5),
        ("HCHDG,359.0,,,3.5,E", 2.5),
        ("HCHDG,359.0,,,,", None),
    ],
)
def test_a_heading_is_no_course(read: Read, body: str, heading_deg: float | None) -> None:
    fix = only(read(RMC, body))
    assert (fix.heading_deg, fix.course_deg) == (heading_deg, 90.0)


def test_altitude_in_feet_is_not_an_altitude(read: Read) -> None:
    assert only(read(RMC, "PGRMZ,162,f,3")).altitude_m is None


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("2217.50000", "2260.00000", Reason.RANGE),
        ("2217.50000", "9000.00001", Reason.RANGE),
        ("11409.50000", "18000.00001", Reason.RANGE),
        ("2217.50000", "22I7.50000", Reason.FORM),
        ("2217.50000", "2217,50000", Reason.FORM),
        ("2217.50000", "", Reason.FORM),
        (",N,1", ",,1", Reason.FORM),
        (",N,1", ",E,1", Reason.FORM),
        (",E,1", ",N,1", Reason.FORM),
        ("101500.00", "246000.00", Reason.RANGE),
        ("101500.00", "101560.00", Reason.RANGE),
        ("101500.00", "10150000", Reason.FORM),
        ("101500.00", "10:15:00", Reason.FORM),
        ("19.44", "-19.44", Reason.RANGE),
        ("19.44", "1944.0", Reason.RANGE),
        ("19.44", "1e1", Reason.FORM),
        ("19.44", "nan", Reason.FORM),
        ("19.44", "1_9.4", Reason.FORM),
        ("90.00", "360.01", Reason.RANGE),
        (",A,2", ",a,2", Reason.FORM),
        (",A,2", ",AA,2", Reason.FORM),
        (",,,A", ",,,9", Reason.FORM),
    ],
)
def test_a_good_checksum_does_not_save_a_field_that_cannot_be(
    read: Read, say: Say, old: str, new: str, reason: Reason
) -> None:
    body = RMC.replace(old, new, 1)
    found = read(body)
    assert found.fixes == []
    assert [(one.reason, one.raw) for one in found.refused] == [(reason, say(body, end=""))]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (GGA.replace(",09,", ",9x,"), Reason.FORM),
        (GGA.replace(",09,", ",1000,"), Reason.RANGE),
        (GGA.replace(",0.9,", ",-0.9,"), Reason.RANGE),
        (GGA.replace(",50.0,", ",999999.9,"), Reason.RANGE),
        (GGA.replace("E,1,", "E,A,"), Reason.FORM),
        (GNS.replace("AAN", "A1N"), Reason.FORM),
        (VTG.replace("90.0", "361.0"), Reason.RANGE),
        ("GPGSA,A,4,,,,,,,,,,,,,,,", Reason.FORM),
        ("GPHDT,400.0,T", Reason.RANGE),
        ("HCHDG,10.0,,,3.5,X", Reason.FORM),
        ("HCHDG,10.0,,,3.5,", Reason.FORM),
        ("GPZDA,101500.00,31,04,2025,00,00", Reason.RANGE),
        ("GPZDA,101500.00,xx,04,2025,00,00", Reason.FORM),
        ("GPGST,101500.00,,,,,-3.0,4.0,9.0", Reason.RANGE),
    ],
)
def test_a_refused_sentence_leaves_the_epoch_to_the_others(
    read: Read, body: str, reason: Reason
) -> None:
    found = read(RMC, body)
    assert [one.reason for one in found.refused] == [reason]
    assert len(found.fixes) == 1
    assert found.fixes[0].altitude_m is None


def test_a_position_without_a_time_is_refused(read: Read) -> None:
    found = read(RMC.replace("101500.00", ""))
    assert ([one.reason for one in found.refused], found.fixes) == ([Reason.UNDATED], [])


def test_a_position_that_is_claimed_but_empty_is_no_fix(read: Read) -> None:
    found = read(RMC.replace("2217.50000,N,11409.50000,E", ",,,"))
    assert (found.fixes, found.refused, found.void_epochs) == ([], [], 0)


@settings(deadline=None)
@given(
    st.integers(0, 90 * 600_000),
    st.integers(0, 180 * 600_000),
    st.sampled_from("NS"),
    st.sampled_from("EW"),
    st.booleans(),
)
def test_every_place_on_earth_comes_back(
    say: Say, lat: int, lon: int, north_south: str, east_west: str, zeros: bool
) -> None:
    """Ten-thousandths of a minute, with or without leading zeros, to a billionth of a degree."""
    widths = (2, 3) if zeros else (0, 0)
    texts = [
        f"{units // 600_000:0{width or 1}d}{units % 600_000 // 10_000:02d}.{units % 10_000:04d}"
        for units, width in zip((lat, lon), widths, strict=True)
    ]
    body = f"GPRMC,101500,A,{texts[0]},{north_south},{texts[1]},{east_west},,,230625,,"
    (fix,) = Decoder().feed(say(body, body.replace("101500", "101501"))).fixes
    assert fix.lat == pytest.approx(lat / 600_000 * (-1 if north_south == "S" else 1), abs=1e-9)
    assert fix.lon == pytest.approx(lon / 600_000 * (-1 if east_west == "W" else 1), abs=1e-9)


PUBX = (
    "PUBX,00,101500.00,2217.50000,N,11409.50000,E,62.3,G3,2.1,3.0,36.0,90.00,0.007,,0.92,1.19,"
    "0.77,9,0,0"
)


def test_pubx_00_is_a_fix_with_the_date_of_another_sentence(read: Read) -> None:
    fix = only(read(ZDA, PUBX))
    assert (fix.lat, fix.lon) == pytest.approx((22.291666667, 114.158333333))
    assert (fix.speed_mps, fix.course_deg) == pytest.approx((10.0, 90.0))
    assert (fix.accuracy_m, fix.hdop, fix.satellites, fix.mode) == (2.1, 0.92, 9, 3)
    assert fix.altitude_m is None, "its height is above the ellipsoid"


def test_pubx_00_adds_to_rmc_what_it_lacks(read: Read) -> None:
    fix = only(read(RMC, PUBX.replace(",36.0,90.00,", ",99.0,10.00,")))
    assert (fix.speed_mps, fix.course_deg) == pytest.approx((10.00080, 90.0))
    assert (fix.accuracy_m, fix.satellites) == (2.1, 9)


@pytest.mark.parametrize(("state", "fixes"), [("NF", 0), ("TT", 0), ("DR", 0), ("D2", 1), ("", 0)])
def test_the_state_of_pubx_00(read: Read, state: str, fixes: int) -> None:
    assert len(read(ZDA, PUBX.replace(",G3,", f",{state},")).fixes) == fixes


def test_dead_reckoning_alone_takes_nothing_from_a_fix(read: Read) -> None:
    assert len(read(RMC, PUBX.replace(",G3,", ",DR,")).fixes) == 1


def test_other_messages_of_pubx_are_counted_only(read: Read) -> None:
    found = read(RMC, "PUBX,04,101500.00,230625,120000.00,2372,18,0,0,21")
    assert (len(found.fixes), found.counts["PUBX"], found.refused) == (1, 1, [])


@pytest.mark.parametrize(
    ("rot", "inputs"),
    [
        ("GPROT,-3.5,A", {"turn_deg_min": -3.5}),
        ("GPROT,-3.5,V", {}),
        ("GPROT,,A", {}),
    ],
)
def test_a_rate_of_turn_is_an_input(read: Read, rot: str, inputs: dict[str, float]) -> None:
    assert only(read(RMC, rot)).inputs == inputs
