"""DVD-Video: what dvdauthor and spumux are told.

A disc's films are titles of one titleset, so that each can jump to the next. Put in, the disc plays the first one; at
the end of the last it begins again. With a menu, the menu comes first, and general register 0 remembers which button
was pressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.sax.saxutils import quoteattr

from render.disc.chapters import on_units
from render.disc.films import Film

FOREVER, ONCE = 0, 1
"""What general register 0 says: begin again at the end, or go back to the menu."""


@dataclass(frozen=True)
class Button:
    """A button of the menu, in pixels of the stored picture; edges are even.

    Attributes:
        name: how commands call it.
        box: left, top, right, bottom.
    """

    name: str
    box: tuple[int, int, int, int]


def chapter_times(film: Film, every: int) -> list[Fraction]:
    """Where dvdauthor shall begin chapters, in seconds.

    dvdauthor takes the first VOBU at a time or after it, and compares in ticks of its own; half a frame before the VOBU
    leaves no doubt.
    """
    return [max(Fraction(0), (frame - Fraction(1, 2)) / film.rate) for frame in on_units(film, every)]


def control(
    films: Sequence[Film], tree: Path, every: int | None = None, menu: Path | None = None, forever: bool = True
) -> str:
    """What dvdauthor reads (dvdauthor(1), "XML").

    Args:
        films: the titles, in order.
        tree: the folder to make.
        every: seconds from one chapter to the next; None for each film's own.
        menu: the menu's program stream, where there is one.
        forever: whether a disc without a menu begins again at its end.
    """
    first = films[0]
    lines = [f"<dvdauthor dest={_quoted(tree)} jumppad='off'>", *_manager(first, menu), " <titleset><titles>"]
    lines += [f"  {_video(first)}", "  <audio format='ac3' channels='2' samplerate='48khz' lang='en'/>"]
    for number, film in enumerate(films, 1):
        times = ",".join(_clock(time) for time in chapter_times(film, film.chapters if every is None else every))
        lines.append(f"  <pgc><vob file={_quoted(film.path)} chapters='{times}'/>")
        lines.append(f"   <post>{_post(number, len(films), menu is not None, forever)}</post></pgc>")
    return "\n".join([*lines, " </titles></titleset>", "</dvdauthor>", ""])


def _manager(film: Film, menu: Path | None) -> list[str]:
    if menu is None:
        return [" <vmgm><fpc>jump title 1;</fpc></vmgm>"]
    streams = "".join(f"<stream id='{number}' mode='{mode}'/>" for number, mode in enumerate(modes(film)))
    return [
        " <vmgm><fpc>jump vmgm menu 1;</fpc>",
        f"  <menus>{_video(film)}<audio format='ac3' channels='2' samplerate='48khz' lang='en'/>",
        f"   <subpicture>{streams}</subpicture>",
        f"   <pgc entry='title'><vob file={_quoted(menu)} pause='inf'/>",
        f"    <button name='once'>{{ g0 = {ONCE}; jump title 1; }}</button>",
        f"    <button name='forever'>{{ g0 = {FOREVER}; jump title 1; }}</button>",
        "   </pgc></menus></vmgm>",
    ]


def modes(film: Film) -> tuple[str, ...]:
    """The pictures of buttons a menu needs: a wide one also needs one for narrow screens, with black above and below."""
    return ("widescreen", "letterbox") if film.aspect == "16:9" else ("normal",)


def _post(number: int, titles: int, has_menu: bool, forever: bool) -> str:
    if number < titles:
        return f"jump title {number + 1};"
    if has_menu:
        return f"if (g0 eq {FOREVER}) jump title 1; call vmgm menu 1;"
    return "jump title 1 chapter 1;" if forever else "exit;"


def _video(film: Film) -> str:
    size = f"{film.width}x{film.height}"
    # Wide films are letterboxed on narrow screens, not cut at both sides.
    wide = " widescreen='nopanscan'" if film.aspect == "16:9" else ""
    return f"<video format='{film.standard}' aspect='{film.aspect}' resolution='{size}'{wide}/>"


def buttons_control(highlight: Path, selected: Path, buttons: Sequence[Button]) -> str:
    """What spumux reads (spumux(1)): one picture of buttons, shown over the menu.

    Args:
        highlight: the picture of the button the cursor is on.
        selected: the same when it is pressed.
        buttons: where they are, top to bottom.
    """
    lines = ["<subpictures><stream>", " <spu start='00:00:00.00' force='yes'"]
    lines.append(f"  highlight={_quoted(highlight)} select={_quoted(selected)}>")
    for number, button in enumerate(buttons):
        left, top, right, bottom = button.box
        up, down = buttons[number - 1].name, buttons[(number + 1) % len(buttons)].name
        lines.append(
            f"  <button name='{button.name}' x0='{left}' y0='{top}' x1='{right}' y1='{bottom}' up='{up}' down='{down}'/>"
        )
    return "\n".join([*lines, " </spu>", "</stream></subpictures>", ""])


def _clock(seconds: Fraction) -> str:
    whole, rest = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}.{rest:03}"


def _quoted(path: Path) -> str:
    return quoteattr(str(path))
