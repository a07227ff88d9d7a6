"""Units at the door: what each kind of setting takes, what it becomes, and what it refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from render.settings import (
    Bitrate,
    Block,
    Duration,
    Rate,
    Ratio,
    Size,
    parse_bitrate,
    parse_duration,
    parse_rate,
    parse_ratio,
    parse_size,
)

quick = settings(deadline=None, max_examples=60)


class Units(Block):
    duration: Duration = Fraction(1)
    rate: Rate = Fraction(25)
    ratio: Ratio = Fraction(1)
    bitrate: Bitrate = 32_000
    size: Size = 1_000_000


def written_and_read(**values: Any) -> Units:
    return Units.model_validate(Units(**values).model_dump(mode="json"))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("20s", Fraction(20)),
        ("20", Fraction(20)),
        ("90m", Fraction(5400)),
        ("2h", Fraction(7200)),
        ("1h30m", Fraction(5400)),
        ("1h 30m", Fraction(5400)),
        ("1h30m15s", Fraction(5415)),
        ("1h15s", Fraction(3615)),
        ("1h30", Fraction(3630)),
        ("7h30m", Fraction(27000)),
        ("1.5h", Fraction(5400)),
        ("0.1s", Fraction(1, 10)),
        ("2:00:00", Fraction(7200)),
        ("0:00:01", Fraction(1)),
        ("01:02:03", Fraction(3723)),
        ("1000:00:00", Fraction(3_600_000)),
        ("1000h", Fraction(3_600_000)),
        (20, Fraction(20)),
        (0.1, Fraction(1, 10)),
        (0.001, Fraction(1, 1000)),
        (1e-05, Fraction(1, 100_000)),
        (Fraction(7, 3), Fraction(7, 3)),
    ],
)
def test_durations(written: object, seconds: Fraction) -> None:
    assert parse_duration(written) == seconds
    assert isinstance(parse_duration(written), Fraction)


@pytest.mark.parametrize(
    "written",
    ["", " ", "s", "h", ".", "soon", "2x", "30m1h", "1h1h", "-5s", "+5s", "1e3", "1:30", "2:60:00", "2:00:60",
     "2:0:0", "2:00:00.5", "10000:00:00", "1d", "2H", "1,5h", "5 min", "s5", "1..5s", True, False, None, [1], {"s": 1},
     float("nan"), float("inf")],
)  # fmt: skip
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a duration such as 20s, 90m, 1h30m or 2:00:00, not "):
        parse_duration(written)


@pytest.mark.parametrize("written", [0, -1, "0s", "0:00:00", 0.0, "1000h1s", "1001h", "9999:00:00", 3_600_001])
def test_durations_have_limits(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be longer than nothing and at most 1000 hours, not "):
        parse_duration(written)


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        (25, Fraction(25)),
        (25.0, Fraction(25)),
        ("25", Fraction(25)),
        ("25/1", Fraction(25)),
        ("60/2", Fraction(30)),
        ("30000/1001", Fraction(30000, 1001)),
        ("24000/1001", Fraction(24000, 1001)),
        ("60000/1001", Fraction(60000, 1001)),
        (Fraction(30000, 1001), Fraction(30000, 1001)),
        (1, Fraction(1)),
        (240, Fraction(240)),
    ],
)
def test_rates_are_exact(written: object, rate: Fraction) -> None:
    assert parse_rate(written) == rate
    assert isinstance(parse_rate(written), Fraction)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        (29.97, "30000/1001"),
        (23.976, "24000/1001"),
        (23.98, "24000/1001"),
        (59.94, "60000/1001"),
        (119.88, "120000/1001"),
        ("2997/100", "30000/1001"),
    ],
)
def test_a_rounded_rate_is_refused_and_the_exact_one_named(written: object, hint: str) -> None:
    with pytest.raises(ValueError, match=f"^must be exact: write {hint} or a whole number, not {written!r}$"):
        parse_rate(written)
    assert parse_rate(hint).denominator == 1001


@pytest.mark.parametrize("written", [0.1, "1/3", 240.5])
def test_a_hint_about_a_rate_never_names_a_rate_that_is_refused_too(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be ") as caught:
        parse_rate(written)
    words = str(caught.value).split()
    if "write" in words:
        parse_rate(words[words.index("write") + 1])


@pytest.mark.parametrize("written", ["", "fast", "25fps", "30000:1001", "1/0", "0/0", "-25", "25/-1", "29.97", "25 / 1",
                                     True, None, [25], float("nan"), float("inf")])  # fmt: skip
def test_what_is_no_rate(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a frame rate such as 25 or 30000/1001, not "):
        parse_rate(written)


@pytest.mark.parametrize("written", [0, -25, 241, "1000/1001", "241000/1001", 10**12, "0/1"])
def test_rates_have_limits(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be from 1 to 240 frames per second, not "):
        parse_rate(written)


@pytest.mark.parametrize(
    ("written", "ratio"),
    [
        ("32:27", Fraction(32, 27)),
        ("32/27", Fraction(32, 27)),
        ("64:54", Fraction(32, 27)),
        ("16/9", Fraction(16, 9)),
        (1, Fraction(1)),
        (1.5, Fraction(3, 2)),
        (0.1 + 0.2, Fraction("0.30000000000000004")),
        ("1:4", Fraction(1, 4)),
        ("4:1", Fraction(4)),
        (4, Fraction(4)),
    ],
)
def test_ratios_are_exact(written: object, ratio: Fraction) -> None:
    assert parse_ratio(written) == ratio


@pytest.mark.parametrize("written", ["", "wide", "16x9", "16:0", "0:0", "16:9:1", "1.5:1", "-1:1", True, None, [16, 9]])
def test_what_is_no_ratio(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a ratio such as 32:27, not "):
        parse_ratio(written)


@pytest.mark.parametrize("written", [0, "0:1", -1, "1:5", "5:1", 4.01, 0.249, "401:100"])
def test_ratios_have_limits(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be from 1:4 to 4:1, not "):
        parse_ratio(written)


@pytest.mark.parametrize(
    ("written", "bits"),
    [
        ("4400k", 4_400_000),
        ("9M", 9_000_000),
        ("4.4M", 4_400_000),
        ("1.5G", 1_500_000_000),
        ("2G", 2_000_000_000),
        ("32k", 32_000),
        ("192000", 192_000),
        (192_000, 192_000),
    ],
)
def test_bit_rates_count_in_thousands(written: object, bits: int) -> None:
    assert parse_bitrate(written) == bits
    assert type(parse_bitrate(written)) is int


@pytest.mark.parametrize("written", ["", "fast", "4400K", "4400kb", "4400 k", "4400kbit/s", "4Mi", "-9M", "1e6", ".5M",
                                     9e6, True, None, [9]])  # fmt: skip
def test_what_is_no_bit_rate(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a bit rate such as 4400k or 9M, not "):
        parse_bitrate(written)


@pytest.mark.parametrize("written", [0, -1, "31999", "31.9k", "4400", "2.1G", 2_000_000_001, 10**30])
def test_bit_rates_have_limits(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be from 32k to 2G bits per second, not "):
        parse_bitrate(written)


@pytest.mark.parametrize(
    ("written", "size"),
    [
        ("4.7GB", 4_700_000_000),
        ("4.7 GB", 4_700_000_000),
        ("4GiB", 4 * 1024**3),
        ("1MB", 1_000_000),
        ("1000kB", 1_000_000),
        ("1024KiB", 1024**2),
        ("2MiB", 2 * 1024**2),
        ("1TB", 10**12),
        ("1TiB", 1024**4),
        ("1000TB", 10**15),
        ("5000000", 5_000_000),
        ("5000000B", 5_000_000),
        (5_000_000, 5_000_000),
    ],
)
def test_sizes_know_both_kinds_of_giga(written: object, size: int) -> None:
    assert parse_size(written) == size
    assert type(parse_size(written)) is int


@pytest.mark.parametrize("written", ["", "big", "4.7Gb", "4.7gb", "4G", "4KB", "-4GB", "4.7e9", "1,5GB", 4.7e9, True,
                                     None, ["4GB"]])  # fmt: skip
def test_what_is_no_size(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be a size such as 4.7GB or 4GiB, not "):
        parse_size(written)


@pytest.mark.parametrize("written", [0, -1, "999kB", "0GB", "1001TB", 10**15 + 1])
def test_sizes_have_limits(written: object) -> None:
    with pytest.raises(ValueError, match=r"^must be from 1 MB to 1000 TB, not "):
        parse_size(written)


@pytest.mark.parametrize(
    ("parse", "written"),
    [(parse_duration, "9" * 5000 + "h"), (parse_duration, "0." + "1" * 5000 + "s")],
)
def test_a_number_of_absurd_length_is_told_in_the_settings_own_words(parse: Any, written: str) -> None:
    with pytest.raises(ValueError, match=r"^must be "):
        parse(written)


@quick
@given(st.integers(0, 999), st.integers(0, 59), st.integers(0, 59))
def test_a_clock_and_units_say_the_same(hours: int, minutes: int, seconds: int) -> None:
    total = hours * 3600 + minutes * 60 + seconds
    if total:
        assert parse_duration(f"{hours}:{minutes:02}:{seconds:02}") == total
        assert parse_duration(f"{hours}h{minutes}m{seconds}s") == total
        assert parse_duration(total) == total
        assert parse_duration(f"{total}s") == total


@quick
@given(st.integers(1, 3_600_000_000_000))
def test_microseconds_are_written_and_read_back(count: int) -> None:
    assert written_and_read(duration=Fraction(count, 10**6)).duration == Fraction(count, 10**6)


@pytest.mark.parametrize("written", ["0.0000001s", 1e-7, "1.23456789s", "0.333333333h"])
def test_no_duration_changes_by_being_written_out(written: object) -> None:
    assert written_and_read(duration=written).duration == parse_duration(written)


@quick
@given(st.integers(1, 240))
def test_rates_are_written_and_read_back(rate: int) -> None:
    assert written_and_read(rate=rate).rate == rate


@pytest.mark.parametrize("numerator", [24_000, 30_000, 60_000, 11_000, 14_000, 26_000])
def test_every_whole_rate_slowed_by_1000_to_1001_is_exact(numerator: int) -> None:
    assert parse_rate(f"{numerator}/1001") == Fraction(numerator, 1001)


@quick
@given(st.fractions(Fraction(1, 4), Fraction(4), max_denominator=10**6))
def test_ratios_are_written_and_read_back(ratio: Fraction) -> None:
    assert written_and_read(ratio=ratio).ratio == ratio
    assert parse_ratio(f"{ratio.numerator}/{ratio.denominator}") == ratio


@quick
@given(st.integers(32_000, 10**9 - 1), st.integers(10**6, 10**15 - 1))
def test_bit_rates_and_sizes_are_written_and_read_back(bits: int, size: int) -> None:
    again = written_and_read(bitrate=bits, size=size)
    assert (again.bitrate, again.size) == (bits, size)
    assert parse_bitrate(str(bits)) == bits
    assert parse_size(f"{size} B") == size


@quick
@given(st.text(max_size=12) | st.integers() | st.floats() | st.booleans() | st.none() | st.lists(st.integers()))
def test_anything_at_all_is_either_read_or_refused_politely(value: object) -> None:
    for parse in (parse_duration, parse_rate, parse_ratio, parse_bitrate, parse_size):
        try:
            assert parse(value) > 0
        except ValueError as error:
            assert str(error).startswith("must be ")  # noqa: PT017


def test_a_block_is_frozen_and_closed() -> None:
    units = Units()
    with pytest.raises(ValidationError, match="frozen"):
        units.rate = Fraction(30)
    with pytest.raises(ValidationError, match="Extra inputs"):
        Units(speed=3)  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="must be a frame rate"):
        Units(rate=None)  # type: ignore[arg-type]
