"""How the universes of presets that ship with render live: measured once, kept beside them in ``vitals.json``."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Sequence

from render import __version__
from render.files import replace
from render.job.alive import Vitals
from render.preset import catalogue

NAME = "vitals.json"
_BLOCKS, _ASCII = " \u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588", " .:-=+*#@"


def plot(values: Sequence[float]) -> str:
    """Numbers as a line of bars, from 0 to the largest of them; in ASCII where a terminal has nothing else."""
    top, bars = max(*values, 1e-9), _BLOCKS
    try:
        bars.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        bars = _ASCII
    return "".join(bars[min(len(bars) - 1, round(value / top * (len(bars) - 1)))] for value in values)


def stored() -> dict[str, Vitals]:
    """What is kept, by preset."""
    path = catalogue.folder() / NAME
    if not path.exists():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return {
        name: Vitals(**{**each, "alive": tuple(each["alive"]), "activity": tuple(each["activity"])})
        for name, each in told["universes"].items()
    }


def keep(name: str, found: Vitals) -> None:
    """Keep a result, beside those of other presets."""
    known = {other: dataclasses.asdict(each) for other, each in stored().items()}
    known[name] = dataclasses.asdict(found)
    lines = ",\n".join(f"{json.dumps(other)}: {json.dumps(known[other])}" for other in sorted(known))
    content = f'{{"render": {json.dumps(__version__)}, "universes": {{\n{lines}\n}}}}\n'
    replace(catalogue.folder() / NAME, content.encode())
