"""What the GPU is, and whether it can be trusted: self-tests, the test suite, NVIDIA's own checker."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from benchmarks.gpu.bench import Bench, Failed, Report
from render.compute import gpu, known_answer, nvrtc
from render.errors import RenderError
from render.job import selftest

ROOT = Path(__file__).resolve().parents[2]
TAIL = 30
"""Lines of a program's output that are kept."""
EMULATED_TESTS = "several_steps or slow_writer or far_too_much"
"""A few of the tests are enough to know that they run; an emulated GPU takes long for all."""
SUITE_SECONDS, CHECKER_SECONDS = 150.0, 90.0


def provenance(bench: Bench, told: Report) -> None:
    """Card, driver, libraries; the rest of it stands in the artifact's head."""
    told["device"] = bench.device.kind
    probe = gpu.probe()
    told["driver"] = gpu.driver_text(probe.driver) if probe.driver else probe.reason
    told["gpu"] = asdict(bench.device.gpu) if bench.device.gpu else bench.accelerator.name
    try:
        told["nvrtc"] = ".".join(str(number) for number in nvrtc.load(probe.driver // 1000 or 99).version)
    except RenderError as error:
        told["nvrtc"] = error.message
        if bench.device.kind == "cuda":
            raise
    if bench.device.kind == "cuda":
        from render.compute import cuda

        told["cupy"] = cuda.version()
    told["in_use_bytes"], told["memory_bytes"] = bench.accelerator.memory()
    told["checker"] = checker() or "compute-sanitizer is not there"
    bench.say(
        f"  {bench.accelerator.name}; {told['driver']}; NVRTC {told['nvrtc']}; {told.get('cupy', 'no CuPy used')}"
    )


def self_test(bench: Bench, told: Report) -> None:
    """Known answers of single operations, then a few frames against the reference."""
    known_answer.check(bench.accelerator)
    told["known_answer"] = True
    told["frames_s"] = selftest.run(bench.device)
    if told["frames_s"] is None:
        raise Failed("kernels and reference disagree in the self-test's frames")


def suite(bench: Bench, told: Report) -> None:
    """The tests that need a GPU; on an emulated one some of them."""
    if importlib.util.find_spec("pytest") is None:
        told["skipped"] = ["pytest is not installed"]
        return
    words = ["-m", "pytest", "-m", "gpu", "-q", "-p", "no:cacheprovider", "tests/test_on_gpu.py"]
    variables: dict[str, str] = {"RENDER_TEST_DEVICE": bench.device.kind}
    if bench.device.gpu:
        variables["RENDER_TEST_GPU"] = bench.device.gpu.uuid
    else:
        words += ["-k", EMULATED_TESTS]
    code, output = _python(words, variables, min(SUITE_SECONDS, max(20.0, bench.left)))
    told |= {"exit_code": code, "output": output}
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped|errors?)", output[-1])}
    told["counts"] = counts
    if code or not counts.get("passed") or counts.get("skipped"):
        raise Failed(f"the tests of the GPU path did not all pass: {output[-1]}")


def checker() -> str | None:
    """Where compute-sanitizer is."""
    usual = "/usr/local/cuda/bin/compute-sanitizer"
    return shutil.which("compute-sanitizer") or (usual if os.access(usual, os.X_OK) else None)


def memory_errors(bench: Bench, told: Report) -> None:
    """NVIDIA's checker over a tiny run of every kernel."""
    program = checker()
    if program is None or bench.device.gpu is None:
        told["skipped"] = ["compute-sanitizer is not there" if program is None else "there is no GPU"]
        return
    wrong = []
    for tool in ("memcheck", "racecheck"):
        if not bench.room(told, 30, tool):
            continue
        words = [program, "--tool", tool, sys.executable, "-m", "benchmarks.gpu.tiny", bench.device.gpu.uuid]
        code, output = _run(words, {}, min(CHECKER_SECONDS, bench.left))
        errors = error_count(output)
        told[tool] = {"exit_code": code, "errors": errors, "output": output}
        if code or errors != 0:
            wrong.append(f"{tool}: exit code {code}, {'no summary' if errors is None else f'{errors} errors'}")
    if wrong:
        raise Failed("; ".join(wrong))


def error_count(output: list[str]) -> int | None:
    """Errors and hazards in compute-sanitizer's summary; None where it has none."""
    found = re.findall(r"(?:ERROR SUMMARY: (\d+) error|RACECHECK SUMMARY: (\d+) hazard)", "\n".join(output))
    return max(int(error or hazard) for error, hazard in found) if found else None


def _python(words: list[str], variables: Mapping[str, str], seconds: float) -> tuple[int, list[str]]:
    return _run([sys.executable, *words], variables, seconds)


def _run(words: list[str], variables: Mapping[str, str], seconds: float) -> tuple[int, list[str]]:
    """Exit code and last lines of a program; 124 where it took too long."""
    environment = os.environ | variables
    try:
        answer = subprocess.run(
            words, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", timeout=seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        said = error.stdout.decode(errors="replace") if isinstance(error.stdout, bytes) else error.stdout or ""
        return 124, [*said.splitlines()[-TAIL:], f"not done after {seconds:.0f} s"]
    return answer.returncode, answer.stdout.splitlines()[-TAIL:] or ["(no output)"]
