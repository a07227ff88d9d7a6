"""The tables of docs/jobs.md, written from the newest artifacts; a test checks that they are not stale."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.artifact import RESULTS
from benchmarks.gpu_page import clean, table
from benchmarks.readme import read_between, write_between

PAGE = RESULTS.parents[1] / "docs" / "jobs.md"


def workers(folder: Path = RESULTS) -> str:
    """Frames a second by one, two and three workers, and what follows for more cores."""
    told = clean(folder, "workers")
    films, model = told["results"]["films"], told["results"]["model"]
    counts = list(next(iter(films.values()))["wall_fps"])
    rows = [
        [f"`{name}`", str(film["frames"]), *(f"{film['wall_fps'][count]:.1f}" for count in counts),
         f"{model[name]['fps']:,.0f}",
         f"{model[name]['fps_with_gpu']:,.0f}" if model[name]["fps_with_gpu"] else "-"]
        for name, film in films.items()
    ]  # fmt: skip
    cores = next(iter(model.values()))["cores"]
    head = ["frames a second", "frames", *(f"{count} workers" if count != "1" else "1 worker" for count in counts),
            f"{cores} cores, derived", f"{cores} cores and an H200, derived"]  # fmt: skip
    return (
        f"\nMeasured on {told['machine']['cores']} cores of an {told['machine']['processor']} processor, "
        f"{told['timestamp_utc'][:10]}; all films of a row are the same bytes. Two cores are full with one worker, so more\n"
        f"only cost. Derived figures come from CPU time a frame, and suppose that cores are filled as well as here; one\n"
        f"scout plays every frame, which is the limit without a GPU.\n{table(head, rows)}"
    )


def layer(folder: Path = RESULTS) -> str:
    """What the job layer costs."""
    told = clean(folder, "job_layer")
    rows = []
    for name, film in told["results"]["films"].items():
        pairs = ", ".join(f"{100 * share:+.1f}" for share in film["overhead_of_pairs"])
        rows.append([
            f"`{name}`", f"{film['frames']:,}", f"{max(each['wall_fps'] for each in film['streamed']):.0f}",
            f"{max(each['wall_fps'] for each in film['jobs']):.0f}", f"{100 * film['overhead']:+.1f} %", f"{pairs} %",
            f"{100 * film['overhead_cpu']:+.1f} %",
        ])  # fmt: skip
    head = ["film", "frames", "streamed, frames a second", "as a job", "time", "pairs of runs", "CPU time"]
    return f"\n{told['timestamp_utc'][:10]}, {told['machine']['cores']} cores.\n{table(head, rows)}"


def long(folder: Path = RESULTS) -> str:
    """A long film, watched and taken apart."""
    told = clean(folder, "long_job")
    results = told["results"]
    frames, memory, decoded = results["frames"], results["rss_mb"], results["decoded"]
    same = "equal" if results["frames_sha256"] == results["frames_sha256_again"] else "DIFFERENT"
    disk = 100 * (results["disk_bytes"] / results["disk_bytes_planned"] - 1)
    rows = [
        ["frames planned, in the file, decoded", f"{frames['planned']:,}, {frames['in_file']:,}, {frames['decoded']:,}"],
        [f"ticks of {results['tick']} s from one frame to the next", ", ".join(map(str, results["ticks_between_frames"]))],
        ["lowest fill of a player's buffer", f"{100 * results['buffer_lowest']:.0f} %"],
        ["digest of the frames, and of the same frames made again", same],
        ["decoded frames nearer to a neighbour than to their own", str(decoded["nearer_to_a_neighbour"])],
        ["PSNR of decoded frames, lowest and median",
         f"{decoded['psnr_db']['lowest']:.1f}, {decoded['psnr_db']['median']:.1f} dB"],
        ["memory of render in its first and last tenth", f"{memory['early']:.1f}, {memory['late']:.1f} MB"],
        ["disk at its fullest, and planned",
         f"{results['disk_bytes'] / 1e6:,.0f}, {results['disk_bytes_planned'] / 1e6:,.0f} MB ({disk:+.1f} %)"],
    ]  # fmt: skip
    return f"\n`{told['case']['preset']}`, {told['timestamp_utc'][:10]}.\n{table(['what', 'figure'], rows)}"


def sizes(folder: Path = RESULTS) -> str:
    """What probing foretold and what fits, against what came."""
    foretold, fitted = clean(folder, "forecasts"), clean(folder, "fits")
    rows = [
        [f"`{film['preset']}`, {film['frames']:,} frames from {film['first_frame']:,} on",
         f"{film['foretold_bits'] / 1000:.1f} kbit a frame", f"{film['bits'] / 1000:.1f} kbit a frame",
         f"{100 * film['difference']:+.1f} %"]
        for film in foretold["results"]["films"]
    ]  # fmt: skip
    for film in fitted["results"]["films"]:
        made_small = ", made small" if film["settings"] else ""
        rows.append([
            f"`{film['preset']}`{made_small}, {film['length']} to fit {film['medium']}",
            f"at most {film['most_bytes'] / 1e6:,.2f} MB", f"{film['bytes'] / 1e6:,.2f} MB",
            f"{100 * film['difference']:+.2f} %",
        ])  # fmt: skip
    days = " and ".join(sorted({told["timestamp_utc"][:10] for told in (foretold, fitted)}))
    return f"\n{days}.\n{table(['film', 'foretold', 'came', 'difference'], rows)}"


TABLES: dict[str, Callable[[], str]] = {"workers": workers, "layer": layer, "sizes": sizes, "long": long}


def update() -> None:
    """Write the tables between their marks in the page."""
    for name, made in TABLES.items():
        write_between(PAGE, f"<!-- {name} -->", f"<!-- /{name} -->", made())


def published(name: str) -> str:
    """A table as the page shows it now."""
    return read_between(PAGE, f"<!-- {name} -->", f"<!-- /{name} -->")
