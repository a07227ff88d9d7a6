"""How a setting is declared: once, with default, range, unit and one sentence.

Every block of a preset is a frozen :class:`Block` whose fields are made by :func:`setting`. Validation,
``render presets schema``, the error messages and ``docs/presets.md`` are all read from there.
The types here parse units at the door: ``2h`` becomes seconds, ``30000/1001`` a Fraction, ``4400k`` bits.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

Speed = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
"""Presets of x264 and x265."""


class Block(BaseModel):
    """One block of a preset: frozen, strict about types, closed to unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, arbitrary_types_allowed=True
    )


def setting(default: Any, sentence: str, *, unit: str = "", **limits: Any) -> Any:
    """Declare one setting.

    Args:
        default: its value when a preset says nothing; ``...`` makes it required.
        sentence: what it does, one sentence for help, schema and docs.
        unit: what it is measured in, empty for a pure number or a name.
        limits: pydantic's constraints, such as ``ge``, ``le`` and ``max_length``.
    """
    return Field(default, description=sentence, json_schema_extra={"unit": unit} if unit else None, **limits)


_CLOCK = re.compile(r"(\d{1,4}):([0-5]\d):([0-5]\d)")
_SPANS = re.compile(
    r"(?=\d)(?:(\d{1,9}(?:\.\d{1,30})?)h)?(?:(\d{1,9}(?:\.\d{1,30})?)m)?(?:(\d{1,9}(?:\.\d{1,30})?)s?)?"
)
_RATE = re.compile(r"(\d{1,9})(?:/(\d{1,9}))?")
_RATIO = re.compile(r"(\d{1,9})[:/](\d{1,9})")
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)([kMG]?)")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,6})?)(|B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)")
_SIZE_UNITS = {"": 1, "B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
               "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}  # fmt: skip


def shown(value: Any) -> str:
    """A value as messages repeat it, cut where it is long."""
    if isinstance(value, str):
        return repr(value if len(value) <= 40 else f"{value[:37]}...")
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _number(value: Any) -> Fraction | None:
    """An int or float as the exact number its digits say, else None."""
    if isinstance(value, bool) or not isinstance(value, (int, float, Fraction)):
        return None
    try:
        return Fraction(str(value))
    except ValueError:  # inf and nan
        return None


def parse_duration(value: Any) -> Fraction:
    """Seconds from ``20s``, ``90m``, ``1h30m``, ``2:00:00`` or a plain number of seconds."""
    seconds = _number(value)
    if seconds is None and isinstance(value, str):
        if clock := _CLOCK.fullmatch(value):
            hours, minutes, rest = map(int, clock.groups())
            seconds = Fraction(hours * 3600 + minutes * 60 + rest)
        elif spans := _SPANS.fullmatch(value.replace(" ", "")):
            hours_text, minutes_text, seconds_text = (Fraction(part or 0) for part in spans.groups())
            seconds = hours_text * 3600 + minutes_text * 60 + seconds_text
    if seconds is None:
        raise ValueError(f"must be a duration such as 20s, 90m, 1h30m or 2:00:00, not {shown(value)}")
    if not 0 < seconds <= 1_000 * 3600:
        raise ValueError(f"must be longer than nothing and at most 1000 hours, not {shown(value)}")
    return seconds


def parse_rate(value: Any) -> Fraction:
    """Frames per second, exact: ``25`` or ``30000/1001``; a rounded 29.97 is refused."""
    rate = _number(value)
    if isinstance(value, str) and (parts := _RATE.fullmatch(value)) and int(parts[2] or 1):
        rate = Fraction(int(parts[1]), int(parts[2] or 1))
    if rate is None:
        raise ValueError(f"must be a frame rate such as 25 or 30000/1001, not {shown(value)}")
    if not 1 <= rate <= 240:
        raise ValueError(f"must be from 1 to 240 frames per second, not {shown(value)}")
    if rate.denominator != 1 and (rate * 1001) % 1000:
        thousands = min(240, max(2, round(rate * 1001 / 1000)))
        raise ValueError(f"must be exact: write {thousands * 1000}/1001 or a whole number, not {shown(value)}")
    return rate


def parse_ratio(value: Any) -> Fraction:
    """A shape such as ``32:27``, ``16/9`` or ``1``."""
    ratio = _number(value)
    if isinstance(value, str) and (parts := _RATIO.fullmatch(value)) and int(parts[2]):
        ratio = Fraction(int(parts[1]), int(parts[2]))
    if ratio is None:
        raise ValueError(f"must be a ratio such as 32:27, not {shown(value)}")
    if not Fraction(1, 4) <= ratio <= 4:
        raise ValueError(f"must be from 1:4 to 4:1, not {shown(value)}")
    return ratio


def parse_bitrate(value: Any) -> int:
    """Bits per second from ``4400k``, ``9M`` or a whole number of bits (k = 1000)."""
    if isinstance(value, int) and not isinstance(value, bool):
        bits = Fraction(value)
    elif isinstance(value, str) and (parts := _AMOUNT.fullmatch(value)):
        bits = Fraction(parts[1]) * {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}[parts[2]]
    else:
        raise ValueError(f"must be a bit rate such as 4400k or 9M, not {shown(value)}")
    if not 32_000 <= bits <= 2 * 10**9:
        raise ValueError(f"must be from 32k to 2G bits per second, not {shown(value)}")
    return int(bits)


def parse_size(value: Any) -> int:
    """Bytes from ``4.7GB``, ``4GiB`` or a whole number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        size = Fraction(value)
    elif isinstance(value, str) and (parts := _SIZE.fullmatch(value.replace(" ", ""))):
        size = Fraction(parts[1]) * _SIZE_UNITS[parts[2]]
    else:
        raise ValueError(f"must be a size such as 4.7GB or 4GiB, not {shown(value)}")
    if not 1_000_000 <= size <= 10**15:
        raise ValueError(f"must be from 1 MB to 1000 TB, not {shown(value)}")
    return int(size)


def _quoted(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number"}]})


def _write_seconds(seconds: Fraction) -> str:
    """All decimals, so that reading it gives the same seconds."""
    decimals = next((count for count in range(30) if (seconds * 10**count).denominator == 1), 30)
    return f"{Decimal(int(seconds * 10**decimals)).scaleb(-decimals):f}s"


def _write_ratio(ratio: Fraction) -> str:
    return f"{ratio.numerator}:{ratio.denominator}"


Duration = Annotated[
    Fraction, BeforeValidator(parse_duration), PlainSerializer(_write_seconds), _quoted(r"^[\d.:hms ]+$")
]
"""Seconds, as a Fraction."""
Rate = Annotated[Fraction, BeforeValidator(parse_rate), PlainSerializer(str), _quoted(r"^\d+(/1001)?$")]
"""Frames per second, as a Fraction."""
Ratio = Annotated[Fraction, BeforeValidator(parse_ratio), PlainSerializer(_write_ratio), _quoted(r"^\d+[:/]\d+$")]
"""Width over height, as a Fraction."""
Bitrate = Annotated[int, BeforeValidator(parse_bitrate), _quoted(r"^[\d.]+[kMG]?$")]
"""Bits per second."""
Size = Annotated[int, BeforeValidator(parse_size), _quoted(r"^[\d.]+ ?([kMGT]i?)?B?$")]
"""Bytes."""
