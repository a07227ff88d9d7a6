"""The sentence of docs/discs.md about a whole disc, written from the newest artifact; a test checks that it is not stale."""

from __future__ import annotations

from pathlib import Path

from benchmarks.artifact import RESULTS
from benchmarks.gpu_page import clean
from benchmarks.readme import read_between, write_between

PAGE = RESULTS.parents[1] / "docs" / "discs.md"
MARKS = "<!-- rehearsal -->", "<!-- /rehearsal -->"


def rehearsal(folder: Path = RESULTS) -> str:
    """How large a disc of full length is, and how long it takes."""
    told = clean(folder, "disc_rehearsal")
    made, case, took = told["results"], told["case"], told["results"]["seconds"]
    return (
        f"\n**How large, how long.** `{case['preset']}`, {case['length']} with `--fit {case['fit']}`, on two busy cores, "
        f"{told['timestamp_utc'][:10]}: an image of\n{made['image_bytes_foretold']:,} bytes foretold, "
        f"{made['image_bytes']:,} made, {made['medium_bytes']:,} is the most. run took {took['run']:.0f} s,\n"
        f"author {took['author']:.0f} s, image {took['image']:.0f} s, verify of all {made['frames']:,} frames "
        f"{took['verify']:.0f} s.\n"
    )


def update() -> None:
    """Write the sentence between its marks in the page."""
    write_between(PAGE, *MARKS, rehearsal())


def published() -> str:
    """The sentence as the page shows it now."""
    return read_between(PAGE, *MARKS)
