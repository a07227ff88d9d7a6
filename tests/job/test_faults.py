"""What can go wrong with a job's folder, one thing at a time: noticed, told, and the film is the same in the end."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from films import end_of, fork, make, manifest_of, planned, quick, raw_frames, small
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from render import files
from render import preset as presets
from render.errors import (
    DiskFullError,
    EncoderError,
    PreflightError,
    RenderError,
    SimulationError,
    VerificationError,
)
from render.job import ahead, ledger, run, sealed, segment, standing
from render.job.finishing import Finished
from render.job.folder import Folder
from render.job.plan import Plan
from render.preset import Preset, document
from render.video import ffmpeg
from render.video.film import Film
from render.video.process import Encoder, Tally

FRAMES = 35
"""Four segments: three of ten frames and one of five."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The film that everything must come to."""
    return make(quick(FRAMES), "film", tmp_path_factory.mktemp("whole") / "film").film.read_bytes()


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A job killed when two of its segments were done."""
    place = tmp_path_factory.mktemp("half") / "film"
    plan = planned(quick(FRAMES), "film", place)

    def killed() -> None:
        real = sealed.write
        sealed.write = lambda path, content: (  # type: ignore[assignment]
            real(path, content),
            os._exit(77) if path.name == "job.json" and content["frames"]["done"] == 20 else None,
        )
        run.make(plan)

    assert end_of(fork(killed)) == 77
    return place


@pytest.fixture
def half(halves: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that job, to be damaged."""
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    return Path(shutil.copytree(halves, tmp_path / "film"))


def going_on(place: Path, **options: Any) -> tuple[Finished, run.Begun]:
    begun: list[run.Begun] = []
    finished = run.make(planned(quick(FRAMES), "film", place), ready=begun.append, **options)
    return finished, begun[0]


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 64
    path.write_bytes(data)


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": Path.unlink,
    "empty": lambda path: path.write_bytes(b""),
    "zeros": lambda path: path.write_bytes(bytes(path.stat().st_size)),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "flipped": flip,
}
"""What a power cut, a bad disk or a person leaves under a final name."""


def test_a_job_that_was_killed_goes_on(half: Path, whole: bytes) -> None:
    finished, begun = going_on(half)
    assert (begun.frames_done, begun.damaged, finished.made) == (20, (), 15)
    assert finished.film.read_bytes() == whole


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("name", "frames", "told"),
    [
        ("segments/00000.ts", 10, "segment 0"),
        ("segments/00001.ts", 10, "segment 1"),
        ("segments/00001.frames", 10, "segment 1"),
        ("segments/00000.json", 10, "the record of segment 0"),
        ("checkpoints/000000020.checkpoint", 20, ""),
        ("job.json", 20, "the ledger job.json"),
        ("preset.yaml", 20, ""),
    ],
)
def test_a_damaged_file_is_noticed_and_made_again(
    name: str, frames: int, told: str, damage: str, half: Path, whole: bytes
) -> None:
    DAMAGES[damage](half / name)
    if name == "job.json" and damage == "deleted":
        told = ""
    finished, begun = going_on(half)
    assert begun.frames_done == frames
    assert [what[: len(told)] for what in begun.damaged] == ([told] if told else [])
    assert finished.film.read_bytes() == whole
    assert finished.made == FRAMES - frames
    assert b"particle_life" in (half / "preset.yaml").read_bytes()


@pytest.mark.parametrize("damage", ["deleted", "zeros"])
def test_without_any_checkpoint_the_film_is_simulated_from_its_start(damage: str, half: Path, whole: bytes) -> None:
    for path in (half / "checkpoints").iterdir():
        DAMAGES[damage](path)
    finished, begun = going_on(half)
    assert (begun.frames_done, finished.made) == (20, 15)
    assert finished.film.read_bytes() == whole


def test_everything_damaged_at_once_is_a_film_all_the_same(half: Path, whole: bytes) -> None:
    for path in list(half.rglob("*")):
        if path.is_file():
            DAMAGES["zeros"](path)
    finished, begun = going_on(half)
    assert begun.frames_done == 0
    assert finished.film.read_bytes() == whole


def test_a_checkpoint_of_another_place_is_passed_over(half: Path, whole: bytes) -> None:
    """Names lie where files were copied about; what stands in them does not."""
    shutil.copy(half / "checkpoints" / "000000010.checkpoint", half / "checkpoints" / "000000020.checkpoint")
    assert going_on(half)[0].film.read_bytes() == whole


def test_an_edited_preset_changes_nothing(half: Path, whole: bytes) -> None:
    before = (half / "preset.yaml").read_text()
    (half / "preset.yaml").write_text(before.replace("seed: 480", "seed: 5"))
    assert going_on(half)[0].film.read_bytes() == whole
    assert (half / "preset.yaml").read_text() == before


def opened(place: Path) -> ledger.Ledger:
    plan = planned(quick(FRAMES), "film", place)
    book = ledger.open_ledger(plan.folder, plan.recipe, list(plan.segments))
    ledger.examine(book)
    return book


def test_a_ledger_cut_anywhere_is_put_together_again(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At every length: what is read is either all that was written or nothing, and the records say the rest."""
    plan = planned(quick(FRAMES), "film", half)
    text = (half / "job.json").read_bytes()
    wanted = opened(half).records
    assert sorted(wanted) == [0, 1]
    monkeypatch.setattr(ledger, "is_whole", lambda folder, record, check: True)  # looked at once, above
    for length in range(len(text)):
        (half / "job.json").write_bytes(text[:length])
        book = ledger.open_ledger(plan.folder, plan.recipe, list(plan.segments))
        ledger.examine(book)
        assert book.records == wanted, length
        # Only what the last new line adds is nothing.
        assert bool(book.damaged) == (text[:length].rstrip() != text.rstrip()), length


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_anywhere_in_the_ledger_or_a_record_is_noticed(data: st.DataObject, halves: Path) -> None:
    for name in ("job.json", "segments/00001.json"):
        text = bytearray((halves / name).read_bytes())
        place, bit = data.draw(st.integers(0, len(text) - 2)), data.draw(st.integers(0, 7))
        text[place] ^= 1 << bit
        copy = halves.parent / "flipped.json"
        copy.write_bytes(text)
        read = sealed.read(copy)
        assert read is None or read == sealed.read(halves / name)  # white space may change


# A folder of somebody else


def test_a_folder_that_is_no_jobs_is_left_alone(tmp_path: Path) -> None:
    """Neither files of a job's names are replaced, nor others swept away; not even to begin anew."""
    mine = {
        "preset.yaml": b"about: mine # and commented\n", "job.json": b"{}", "manifest.json": b'{"name": "app"}',
        "lock": b"1234", "checkpoints/model.pt": b"weights", "segments/interview.mov": b"film", "big.part": b"half",
    }  # fmt: skip
    for name, data in mine.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    for restart in (False, True):
        with pytest.raises(PreflightError, match="is no job's folder, but holds preset.yaml, job.json") as caught:
            make(quick(10), "film", tmp_path, restart=restart)
        assert "--out" in caught.value.hint
    assert {
        str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    } == mine


@pytest.mark.parametrize("name", ["preset.yaml", "status.json", "logs/other.log", "segments/a.mov"])
def test_one_file_is_enough_to_leave_a_folder_alone(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(PreflightError, match="is no job's folder"):
        make(quick(10), "film", tmp_path)
    assert (tmp_path / name).read_text() == "mine"


def test_strange_files_in_a_jobs_folder_outlive_the_job(half: Path, whole: bytes) -> None:
    strange = ["checkpoints/model.pt", "segments/interview.mov", "big.part", "segments/notes.json", "song.flac.part"]
    for name in strange:
        (half / name).write_bytes(b"mine")
    assert going_on(half)[0].film.read_bytes() == whole
    assert make(quick(FRAMES), "film", half, restart=True).film.read_bytes() == whole
    assert all((half / name).read_bytes() == b"mine" for name in strange)


def test_a_job_in_a_place_whose_name_is_no_unicode(tmp_path: Path, whole: bytes) -> None:
    plan = planned(quick(FRAMES), "film", tmp_path / "film")
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff's/film"))
    plan = dataclasses.replace(plan, folder=Folder(place, plan.folder.film_name))
    assert run.make(plan).film.read_bytes() == whole


# The finished film


def test_a_damaged_film_is_noticed_and_joined_again(tmp_path: Path, whole: bytes) -> None:
    keep = quick(FRAMES, "job.keep=segments")
    film = make(keep, "film", tmp_path / "film").film
    flip(film)
    begun: list[run.Begun] = []
    again = make(keep, "film", tmp_path / "film", ready=begun.append)
    assert begun[0].damaged == ("the film, which is not what was made",)
    assert (begun[0].frames_done, again.made) == (FRAMES, 0)
    assert film.read_bytes() == whole
    film.unlink()
    make(keep, "film", tmp_path / "film", ready=begun.append)
    assert begun[1].damaged == ("the film, which is gone",)
    assert film.read_bytes() == whole


def test_a_damaged_film_without_its_work_is_made_again(tmp_path: Path, whole: bytes) -> None:
    film = make(quick(FRAMES), "film", tmp_path / "film").film
    flip(film)
    again = make(quick(FRAMES), "film", tmp_path / "film")
    assert again.made == FRAMES
    assert film.read_bytes() == whole


def test_a_finished_film_that_is_gone_is_not_made_again_by_accident(tmp_path: Path) -> None:
    """Whoever moved it away does not want to wait for hours."""
    film = make(quick(FRAMES), "film", tmp_path / "film").film
    film.rename(tmp_path / "moved.mp4")
    with pytest.raises(PreflightError, match="the finished film .* is gone") as caught:
        make(quick(FRAMES), "film", tmp_path / "film")
    assert "--restart" in caught.value.hint
    (tmp_path / "moved.mp4").rename(film)
    assert make(quick(FRAMES), "film", tmp_path / "film").made == 0


def test_a_lost_manifest_is_written_again(tmp_path: Path) -> None:
    made = make(quick(FRAMES), "film", tmp_path / "film")
    before = manifest_of(tmp_path / "film")
    for damage in ("deleted", "zeros"):
        DAMAGES[damage](tmp_path / "film" / "manifest.json")
        again = make(quick(FRAMES), "film", tmp_path / "film")
        assert (again.made, again.digest, again.frames) == (0, made.digest, FRAMES)
        after = manifest_of(tmp_path / "film")
        assert {**after, "made_with": None} == {**before, "made_with": None}


def test_a_copied_film_is_believed_once_it_was_read(tmp_path: Path) -> None:
    make(quick(FRAMES), "film", tmp_path / "film")
    (tmp_path / "film").rename(tmp_path / "copy")
    os.utime(tmp_path / "copy" / "film.mp4")
    (tmp_path / "copy").rename(tmp_path / "film")
    assert make(quick(FRAMES), "film", tmp_path / "film").made == 0


def test_a_segment_that_changed_before_the_join_is_not_joined(
    half: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by the join that runs ahead nor by the one afterwards."""
    real = ahead.Ahead._feed

    def damaged(join: Any, record: Any, *more: Any) -> None:
        if record.number == 1:
            flip(half / "segments" / "00001.ts")
        real(join, record, *more)

    with monkeypatch.context() as patch:
        patch.setattr(ahead.Ahead, "_feed", damaged)
        with pytest.raises(VerificationError, match="segment 1 is not what was made any more"):
            going_on(half)
    assert not (half / "film.mp4").exists()
    finished, begun = going_on(half)
    assert begun.damaged == ("segment 1",)
    assert finished.film.read_bytes() == whole


# The disk is full


@pytest.mark.parametrize(
    "name",
    ["preset.yaml", "job.json", "00000.frames", "00001.ts", "000000020.checkpoint", "00002.json", "film.mp4", "manifest.json"],
)  # fmt: skip
def test_a_disk_that_is_full_when_a_file_gets_its_name(
    name: str, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    plan, real = planned(quick(FRAMES), "film", tmp_path / "film"), files.publish

    def full(part: Path, final: Path) -> None:
        if final.name == name:
            raise OSError(errno.ENOSPC, "No space left on device", str(part))
        real(part, final)

    with monkeypatch.context() as patch:
        patch.setattr(files, "publish", full)
        with pytest.raises(DiskFullError, match="is full") as caught:
            run.make(plan)
    assert caught.value.exit_code == 6
    assert "All finished segments are kept; the same command goes on from there." in caught.value.hint
    assert not (tmp_path / "film" / "manifest.json").exists()
    assert run.make(plan).film.read_bytes() == whole


@contextlib.contextmanager
def disk(place: Path, size: int) -> Iterator[None]:
    """A disk of so many bytes, where this user may mount one."""
    place.mkdir(parents=True, exist_ok=True)
    options = ["-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(["mount", *options], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root; failing publications above cover the same paths")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
def test_real_disks_of_every_size_fill_up_and_are_enlarged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Too small for a checkpoint, for a segment, for all of them, for the film beside them: each is told, none is lost."""
    monkeypatch.setattr(run, "check_kernels", lambda *_: None)
    preset = small("panoramic", 60, "codec.crf=5", "codec.keyframes=0.5", "job.segment_frames=20")
    wanted = make(preset, "film", tmp_path / "wanted" / "film").film
    size, told = wanted.stat().st_size, set()
    with disk(tmp_path / "disk", 100_000):
        plan = planned(preset, "film", tmp_path / "disk" / "film")
        for share in (0.1, 0.3, 0.6, 0.9, 1.2, 1.6, 1.9, 4.0):
            room = int(share * size) + 1_500_000  # a few checkpoints
            subprocess.run(["mount", "-o", f"remount,size={room}", str(tmp_path / "disk")], check=True)
            with contextlib.suppress(DiskFullError):
                finished = run.make(plan)
                break
            told.add(share)
            assert not list((tmp_path / "disk" / "film").glob("*.mp4*"))
            assert not list((tmp_path / "disk" / "film").rglob("*.part"))
        assert finished.film.read_bytes() == wanted.read_bytes()
    assert len(told) >= 3


def test_a_folder_on_a_disk_that_became_read_only_is_told(tmp_path: Path) -> None:
    with disk(tmp_path / "disk", 8_000_000):
        plan = planned(quick(FRAMES), "film", tmp_path / "disk" / "film")
        (tmp_path / "disk" / "film").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(tmp_path / "disk")], check=True)
        with pytest.raises(PreflightError, match="cannot write to"):
            run.make(plan)


# ffmpeg dies


def dying(plan: Plan, folder: Path, times: int) -> Plan:
    """A plan whose ffmpeg dies at its second segment, so many times."""
    program = folder / "ffmpeg-that-dies"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nwords = sys.argv[1:]\n"
        f"deaths = {str(folder / 'deaths')!r}\n"
        "count = os.path.getsize(deaths) if os.path.exists(deaths) else 0\n"
        f"if 'pipe:0' in words and '/00001.' in words[-1] and count < {times}:\n"
        "    sys.stdin.buffer.read(60_000)\n"
        "    open(deaths, 'ab').write(b'x')\n"
        "    print('the pixels are cursed', file=sys.stderr, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        f"os.execv({plan.tool.path!r}, [{plan.tool.path!r}, *words])\n"
    )
    program.chmod(0o755)
    return dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(program)))


@pytest.mark.parametrize("times", [1, 2])
def test_an_ffmpeg_that_dies_is_tried_again(times: int, tmp_path: Path, whole: bytes) -> None:
    plan = dying(planned(quick(FRAMES), "film", tmp_path / "film"), tmp_path, times)
    notes: list[str] = []
    assert run.make(plan, notice=notes.append).film.read_bytes() == whole
    assert (tmp_path / "deaths").stat().st_size == times
    told = "segment 1 is tried again: ffmpeg was killed by SIGKILL; its last words: the pixels are cursed"
    assert notes == [told] * times
    assert (tmp_path / "film" / "logs" / "00001.log").read_text() == "the pixels are cursed\n" * times
    assert [path.name for path in (tmp_path / "film" / "logs").iterdir()] == ["00001.log"]


def test_giving_up_a_segment_leaves_the_next_that_is_being_closed_alone(
    tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No second encoder is started early for a segment that has its file already, nor that file removed with it."""
    real_finish, real_write, tries = Encoder.finish, segment.Take.write, []

    def finish(encoder: Encoder) -> Tally:
        if encoder.output.name.startswith("00002."):
            time.sleep(1)  # until segment 1 is given up
        tally = real_finish(encoder)
        return Tally(9, 0, 0) if encoder.output.name.startswith("00001.") else tally

    def write(take: segment.Take, data: memoryview) -> None:
        if take.segment.number == 1 and take.frames_written == 5:
            tries.append(take)
            if len(tries) == 2:
                raise EncoderError("the pixels are cursed")
        real_write(take, data)

    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "finish", finish)
        patch.setattr(segment.Take, "write", write)
        with pytest.raises(EncoderError, match="the pixels are cursed"):
            make(quick(FRAMES, "job.retries=1"), "film", tmp_path / "film")
    finished, begun = going_on(tmp_path / "film")
    assert (begun.frames_done, begun.damaged) == (20, ())  # segments 0 and 2
    assert finished.film.read_bytes() == whole


@pytest.mark.parametrize("retries", [0, 2])
def test_an_ffmpeg_that_always_dies_is_given_up_with_its_last_words(retries: int, tmp_path: Path, whole: bytes) -> None:
    place = tmp_path / "film"
    plan = dying(planned(quick(FRAMES, f"job.retries={retries}"), "film", place), tmp_path, 1000)
    with pytest.raises(EncoderError, match="was killed by SIGKILL; its last words: the pixels are cursed") as caught:
        run.make(plan)
    assert caught.value.exit_code == 4
    assert "All finished segments are kept" in caught.value.hint
    assert (tmp_path / "deaths").stat().st_size == 1 + retries
    assert (place / "segments" / "00000.json").exists()
    assert not list(place.rglob("*.part"))
    assert "cursed" in (place / "logs" / "00001.log").read_text()
    assert make(quick(FRAMES), "film", place).film.read_bytes() == whole


def test_a_join_that_dies_is_told_and_goes_on(tmp_path: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = planned(quick(FRAMES), "film", tmp_path / "film")
    program = tmp_path / "ffmpeg-that-joins-not"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nwords = sys.argv[1:]\n"
        "if 'concat' in words:\n    sys.exit('no glue')\n"
        f"os.execv({plan.tool.path!r}, [{plan.tool.path!r}, *words])\n"
    )
    program.chmod(0o755)
    with pytest.raises(EncoderError, match="exit code 1; its last words: no glue") as caught:
        run.make(dataclasses.replace(plan, tool=dataclasses.replace(plan.tool, path=str(program))))
    assert "goes on from there" in caught.value.hint
    assert not list((tmp_path / "film").glob("*.mp4*"))
    finished = run.make(plan)
    assert (finished.made, finished.film.read_bytes()) == (0, whole)


# Two at once


def test_two_runs_do_not_meet(half: Path, whole: bytes) -> None:
    plan = planned(quick(FRAMES), "film", half)

    def hold() -> None:
        with plan.folder.held():
            (half.parent / "held").touch()
            time.sleep(60)

    child = fork(hold)
    until = time.monotonic() + 30
    while not (half.parent / "held").exists():
        assert time.monotonic() < until
        time.sleep(0.01)
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*")}
    try:
        with pytest.raises(PreflightError, match=rf"another render is at work on .*\(process {child} on ") as caught:
            run.make(plan)
        assert caught.value.exit_code == 3
        with pytest.raises(PreflightError, match="at work"):
            run.make(plan, restart=True)
        assert {path: path.stat().st_mtime_ns for path in half.rglob("*")} == before
    finally:
        os.kill(child, signal.SIGKILL)
        end_of(child)
    assert str(child) in (half / "lock").read_text()  # a stale note, and no obstacle
    assert run.make(plan).film.read_bytes() == whole


def test_where_nothing_can_be_locked_the_note_must_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def no_locks(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    folder = Folder(tmp_path, "film.mp4")
    gone = fork(lambda: None)
    end_of(gone)
    import socket

    host = socket.gethostname()
    for note, refused in (
        ("", False),
        ("junk", False),
        (f'{{"host": "{host}", "pid": {gone}}}', False),
        (f'{{"host": "{host}", "pid": {os.getppid()}}}', True),
        ('{"host": "another", "pid": 1}', True),
    ):
        (tmp_path / "lock").write_text(note)
        if refused:
            with pytest.raises(PreflightError, match="may be at work"), folder.held():
                pass
        else:
            with folder.held():
                assert str(os.getpid()) in (tmp_path / "lock").read_text()


def test_a_clock_that_is_set_back_disturbs_nothing(half: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in half.rglob("*"):
        os.utime(path, (4e9, 4e9))
    monkeypatch.setattr(time, "time", lambda: 86_400.0)
    monkeypatch.setattr(time, "time_ns", lambda: 86_400 * 10**9)
    finished, begun = going_on(half)
    assert begun.damaged == ()
    assert finished.film.read_bytes() == whole


# The universe


def test_numbers_that_are_none_any_more_are_told(half: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Film.snapshot

    def broken(film: Film, frame: int) -> Any:
        found = real(film, frame)
        if frame == 30:
            found.state.vx[3:8] = np.nan
        return found

    monkeypatch.setattr(Film, "snapshot", broken)
    with pytest.raises(SimulationError, match="vx is no longer a number in 5 places at frame 30") as caught:
        going_on(half)
    assert caught.value.exit_code == 5
    assert "engine.dt" in caught.value.hint
    assert not (half / "segments" / "00002.ts").exists()
    assert not list(half.rglob("*.part"))
    monkeypatch.setattr(Film, "snapshot", real)
    assert going_on(half)[0].film.read_bytes() == whole


STILL = ["engine.matrix=zero", "engine.force=0", "job.segment_frames=250"]


def test_a_universe_that_stands_still_is_stopped_unless_told_otherwise(tmp_path: Path) -> None:
    with pytest.raises(
        SimulationError, match="behind frame 249 the universe is .* what it was before frame 0"
    ) as caught:
        make(quick(500, *STILL), "film", tmp_path / "film")
    assert caught.value.exit_code == 5
    assert "job.frozen=allow" in caught.value.hint
    finished = make(quick(500, *STILL, "job.frozen=allow"), "film", tmp_path / "film")
    assert finished.frames == 500
    short = make(quick(20, *STILL, "job.segment_frames=10"), "film", tmp_path / "short")
    assert short.frames == 20  # too short to say


def small_lattice(engine: str, frames: int) -> Preset:
    text = (
        f"seed: 3\nengine: {{{engine}}}\npicture: {{width: 96, height: 64, rate: 25}}\nlength: {{frames: {frames}}}\n"
        "look: {dither: false, grain: 0}\ncodec: {kind: h264, keyframes: 2, speed: ultrafast}\njob: {segment_frames: 250}\n"
    )
    return presets.parse(document.read(text, "small.yaml"))


def test_frames_that_are_all_the_same_stop_a_film_whose_law_changes(tmp_path: Path) -> None:
    dead = small_lattice("kind: gray_scott, feed: 0.02, kill: 0.07, drift: {feed: {by: 0.001, period: 10s}}", 1000)
    with pytest.raises(
        SimulationError, match=r"nothing moves any more: frames (250 to 499|500 to 749) are all the same"
    ):
        make(dead, "film", tmp_path / "film")


def test_a_universe_that_goes_round_is_stopped_though_its_colours_change(tmp_path: Path) -> None:
    still = small_lattice("kind: life, rule: B3/S012345678, density: 0.5, fade: 1", 500)
    with pytest.raises(
        SimulationError, match="behind frame 499 the universe is in every bit what it was before frame 250"
    ):
        make(still, "film", tmp_path / "film")
    first, last = (raw_frames(still)[number] for number in (250, 499))
    assert (first != last).any()
    allowed = still.model_copy(update={"job": still.job.model_copy(update={"frozen": "allow"})})
    assert make(allowed, "film", tmp_path / "film").frames == 500


# Another recipe


def is_work(path: Path) -> bool:
    """Not the lock, nor how a run ended, nor what one that was killed left half-done."""
    return path.name not in ("lock", "status.json") and path.suffix != ".part"


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("look.trail=0.5", "preset.look.trail 0.8, and now it is 0.5"),
        ("engine.particles=201", "preset.engine.particles 200, and now it is 201"),
        ("seed=481", "preset.seed 480, and now it is 481"),
        ("codec.crf=30", "preset.codec.crf 23.0, and now it is 30.0"),
        ("picture.rate=25", "preset.picture.rate 20, and now it is 25"),
        ("length.frames=36", "preset.length.frames 35, and now it is 36"),
        ("job.segment_frames=20", "segment_frames 10, and now it is 20"),
        ("about=Another.", "preset.about "),
        ("job.chapters=7", "preset.job.chapters 300, and now it is 7"),
        ("medium.limit=5GB", "preset.medium.limit not set, and now it is 5000000000"),
    ],
)
def test_another_recipe_is_refused_by_name(setting: str, told: str, half: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in half.rglob("*") if path.is_file() and is_work(path)}
    with pytest.raises(PreflightError) as caught:
        make(quick(FRAMES, setting), "film", half)
    assert caught.value.exit_code == 3
    assert f"holds a job with {told}" in caught.value.message
    assert "--restart" in caught.value.hint
    after = {path: path.stat().st_mtime_ns for path in half.rglob("*") if path.is_file() and is_work(path)}
    assert after == before


def test_another_ffmpeg_engine_or_name_is_another_recipe(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from render import engines
    from render.job import plan as plans
    from render.job import recipe

    with pytest.raises(PreflightError, match="holds a job with name film, and now it is movie"):
        make(quick(FRAMES), "movie", half)
    found = ffmpeg.find()
    monkeypatch.setattr(plans.ffmpeg, "find", lambda: dataclasses.replace(found, version="7.0-other"))
    with pytest.raises(PreflightError, match=rf"holds a job with ffmpeg {found.version}, and now it is 7.0-other"):
        make(quick(FRAMES), "film", half)
    monkeypatch.undo()
    card = SimpleNamespace(**{**vars(engines.card("particle_life")), "BITS": 99})
    monkeypatch.setattr(plans.engines, "card", lambda kind: card)
    with pytest.raises(PreflightError, match=r"holds a job with bits\.engine 1, and now it is 99"):
        make(quick(FRAMES), "film", half)
    monkeypatch.undo()
    monkeypatch.setattr(recipe.look, "BITS", 7)
    with pytest.raises(PreflightError, match=r"holds a job with bits\.look 1, and now it is 7"):
        make(quick(FRAMES), "film", half)
    monkeypatch.undo()
    monkeypatch.setattr(recipe, "__version__", "99.0")
    with pytest.raises(PreflightError, match=r"holds a job with render \S+, and now it is 99\.0"):
        make(quick(FRAMES), "film", half)
    monkeypatch.undo()
    plan = planned(quick(FRAMES), "film", half)
    arguments = [*plan.recipe["arguments"][:9], "other", *plan.recipe["arguments"][10:]]
    nvenc = dataclasses.replace(plan, recipe={**plan.recipe, "encoder": "nvenc", "arguments": arguments})
    with pytest.raises(PreflightError, match="holds a job with encoder software, and now it is nvenc"):
        run.make(nvenc)
    other = dataclasses.replace(plan, recipe={**plan.recipe, "arguments": arguments})
    with pytest.raises(PreflightError, match=r"holds a job with arguments\[9\] \S+, and now it is other"):
        run.make(other)


def test_a_refused_command_leaves_the_standing_of_a_job_alone(half: Path) -> None:
    before = standing.read(half)
    with pytest.raises(PreflightError, match="holds a job with"):
        make(quick(FRAMES, "seed=5"), "film", half)
    assert standing.read(half) == before


def test_several_differences_are_counted(half: Path) -> None:
    with pytest.raises(PreflightError, match=r"\(\d+ more differ\)"):
        make(quick(FRAMES, "seed=5", "look.trail=0.1"), "film", half)


def test_another_recipes_segments_are_kept_even_where_the_ledger_is_lost(half: Path) -> None:
    (half / "job.json").unlink()
    with pytest.raises(PreflightError, match="segments of a job with another recipe"):
        make(quick(FRAMES, "seed=5"), "film", half)
    assert (half / "segments" / "00001.ts").exists()


def test_restart_begins_anew(half: Path) -> None:
    begun: list[run.Begun] = []
    other = quick(FRAMES, "seed=5")
    made = run.make(planned(other, "film", half), restart=True, ready=begun.append)
    assert (begun[0].frames_done, made.made) == (0, FRAMES)
    undisturbed = make(other, "film", half.parent / "other" / "film")
    assert made.film.read_bytes() == undisturbed.film.read_bytes()


def test_a_sound_that_is_none_is_told_before_the_start(tmp_path: Path) -> None:
    (tmp_path / "song.flac").write_text("la la la")
    for name, told in (("song.flac", "holds no sound that ffmpeg can read"), ("nothing.flac", "is no file")):
        with pytest.raises(PreflightError, match=told):
            planned(quick(FRAMES, f"audio.file={tmp_path / name}"), "film", tmp_path / "film")


def test_every_error_of_a_job_has_its_own_exit_code() -> None:
    codes = {error: error.exit_code for error in RenderError.__subclasses__() if error.__name__ != "StoppedError"}
    assert len(set(codes.values())) == len(codes)
