"""Titles in a menu: letters that the font has, as large as there is room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render.disc import lettering
from render.errors import PreflightError, UsageError

ROOM, HEIGHT, LEAST = 760, 53, 19


@given(st.lists(st.text("abcdefghij MW.'&", min_size=1, max_size=24), min_size=1, max_size=8).map(" ".join))
def test_a_title_stays_in_its_room_and_keeps_its_words(title: str) -> None:
    try:
        lines, size = lettering.fit(title, ROOM, HEIGHT, LEAST)
    except UsageError:
        assert lettering.font_for(title, LEAST).getlength(title) > ROOM  # not where one line of small letters would do
        return
    font = lettering.font_for(title, size)
    assert 1 <= len(lines) <= lettering.LINES
    assert LEAST <= size <= HEIGHT
    assert all(font.getlength(line) <= ROOM * 1.03 for line in lines)  # letters are a whole number of pixels high
    assert " ".join(lines).split() == title.split()


def test_a_short_title_is_one_large_line_and_a_long_one_is_broken_in_the_middle() -> None:
    assert lettering.fit("dvd video", ROOM, HEIGHT, LEAST) == (["dvd video"], HEIGHT)
    lines, size = lettering.fit("a title that is long " * 4, ROOM, HEIGHT, LEAST)
    assert len(lines) > 1
    assert max(map(len, lines)) - min(map(len, lines)) <= 8
    assert size > LEAST
    with pytest.raises(UsageError, match="no room for the title"):
        lettering.fit("a title that never ends " * 40, ROOM, HEIGHT, LEAST)
    with pytest.raises(UsageError, match="no room for the title"):
        lettering.fit("x" * 200, ROOM, HEIGHT, LEAST)


def test_letters_that_pillow_has_not_come_from_the_systems_font(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lettering.font_for("Play once & 'more'", 40).getname()[0] == "Aileron"  # type: ignore[union-attr]
    assert lettering.font_for("Zwölf Würfel – ½ ☃", 40).getname()[0] == "DejaVu Sans"  # type: ignore[union-attr]
    with pytest.raises(PreflightError, match="no font here has the letters 日本"):
        lettering.font_for("日本", 40)

    monkeypatch.setattr(lettering, "SYSTEM_FONT", "no such font.ttf")
    with pytest.raises(PreflightError, match="the letters ö of") as caught:
        lettering.font_for("Zwölf", 40)
    assert "fonts-dejavu-core" in caught.value.hint
