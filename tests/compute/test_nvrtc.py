"""Every CUDA kernel compiled for every GPU generation, without a GPU: what it takes, and that its arithmetic is IEEE's."""

from __future__ import annotations

import ctypes
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import proof
import pytest

from render.compute import nvrtc
from render.compute.source import Source
from render.errors import PreflightError, SimulationError

SOURCES = proof.sources()
ARCHITECTURES = (75, 80, 90, 120)

MOST_REGISTERS = {
    "arithmetic": 24, "idle": 16,
    "count_cells": 24, "sum_chunks": 32, "scan_cells": 64, "place": 32,
    "step_by_thread": 51, "step_by_eight": 51, "step_by_warp": 51,
    "mark_living": 16, "step_life": 32, "mark_excited": 16, "step_excitable": 46, "copy_cells": 16, "step_cyclic": 42,
    "set_rates": 16, "diffuse_and_react": 60, "bring_back": 16,
    "splat": 48, "brightest": 32, "expose_brightest": 16, "sample": 48, "expose_slowly": 40, "write_codes": 32,
    "set_number": 16, "next_number": 16, "develop": 40,
    "begin_at": 16, "quantise": 16, "look_up": 16, "widest": 40, "mean": 42, "follow": 32, "choose": 34, "settle": 24, "colour": 64,
    "average_blocks": 40, "blur_block_rows": 48, "blur_block_columns": 48, "set_frame": 16, "next_frame": 16, "print_plane": 32,
    "scale_spectrum": 16, "grow": 16, "live": 24, "vote": 40,
    "develop_gray": 16, "tint_by_speed": 24, "count_near": 24, "smooth_counts": 32, "tint_by_density": 32,
    "remember_places": 16, "splat_tinted": 64, "develop_colour": 40,
}  # fmt: skip
"""A little more than measured. scan_cells: 64 is what blocks of 1,024 threads leave of 65,536 registers; step_*: ten blocks
of 128 threads on a multiprocessor, and nothing above 64."""
SHARED_BYTES = {
    "sum_chunks": 128, "scan_cells": 128, "brightest": 128, "expose_slowly": 4096, "follow": 128, "choose": 128,
}  # fmt: skip

INEXACT = re.compile(
    r"\b(?:fma|mad)(?:\.\w+)*\.(?:f|bf)(?:16|32|64)"  # one rounding where the reference has two
    r"|\b(?:add|sub|mul)\.f32"  # without .rn ptxas may fuse them
    r"|\b(?:add|sub|mul|div|sqrt|cvt)\.r[zmp]\.f32"  # rounded otherwise than to nearest
    r"|\.approx\b|\.full\b|\.ftz\b"  # not correctly rounded; denormal numbers lost
    r"|\.f64\b"  # slow, and not what the reference computes in
    r"|\b(?:atom|red)(?:\.\w+)*\.(?:f|bf)(?:16|32|64)"  # sums that depend on the order
)
"""PTX instructions whose results may differ from the reference's."""


def inexact(compiler: nvrtc.Nvrtc, text: str, target: str = "compute_80") -> set[str]:
    """Instructions in a source's PTX that no kernel may have."""
    code, _ = compiler.compile(text, "kernels.cu", target)
    return set(INEXACT.findall(code.decode().rstrip("\0")))


def entry(ptx: str, kernel: str) -> str:
    """A kernel's instructions."""
    return ptx.split(f".entry {kernel}(")[1].split("\n}\n")[0]


# ---- what is compiled ----


def test_every_cuda_file_belongs_to_one_module() -> None:
    files = sorted(proof.PACKAGE.rglob("*.cu"))
    assert files
    assert sorted(source.path.resolve() for source in SOURCES.values()) == files


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_kernels_compile_and_fit(name: str, architecture: int, compiler: nvrtc.Nvrtc) -> None:
    source = SOURCES[name]
    code, log = compiler.compile(source.text, source.path.name, f"sm_{architecture}")
    assert code[:4] == b"\x7fELF"
    assert "warning" not in log.lower(), log
    taken = nvrtc.resources(log)
    assert set(taken) == set(source.kernels)
    assert len(source.kernels) == source.path.read_text().count("__global__")
    for kernel, resources in taken.items():
        assert (resources.spill_bytes, resources.stack_bytes) == (0, 0), kernel
        assert 0 < resources.registers <= MOST_REGISTERS[kernel], (kernel, resources)
        assert resources.shared_bytes == SHARED_BYTES.get(kernel, 0), (kernel, resources)


def test_the_table_of_registers_names_every_kernel() -> None:
    kernels = [kernel for source in SOURCES.values() for kernel in source.kernels]
    assert sorted(kernels) == sorted(MOST_REGISTERS)
    assert set(SHARED_BYTES) <= set(kernels)
    assert all(most <= 64 for kernel, most in MOST_REGISTERS.items() if kernel.startswith("step_"))


def test_spills_stack_and_warnings_would_show(compiler: nvrtc.Nvrtc) -> None:
    body = (
        'extern "C" __global__ void __launch_bounds__(1024, 2) greedy(float *v, int at)\n'
        "{ float many[64]; int unused; for (int k = 0; k < 64; k++) many[k] = v[k * at]; __syncthreads();\n"
        "  for (int k = 0; k < 64; k++) many[k] *= v[k + at]; for (int k = 0; k < 64; k++) v[k] = many[k] + many[(k * at) & 63]; }\n"
    )
    _, log = compiler.compile(body, "greedy.cu", "sm_90")
    assert "warning" in log
    taken = nvrtc.resources(log)["greedy"]
    assert taken.stack_bytes >= 256
    body = 'extern "C" __global__ void __launch_bounds__(1024, 2) greedy(volatile float *v)\n{'
    body += "".join(f"float a{k} = v[{k}]; " for k in range(80)) + "__syncthreads(); "
    body += "".join(f"v[{k}] = a{(k * 7) % 80} * a{k}; " for k in range(80)) + "}\n"
    _, log = compiler.compile(body, "greedy.cu", "sm_90")
    assert nvrtc.resources(log)["greedy"].spill_bytes > 0


# ---- arithmetic ----


@pytest.mark.parametrize("target", ["compute_80", "compute_90"])
@pytest.mark.parametrize("name", sorted(SOURCES))
def test_arithmetic_is_exact(name: str, target: str, compiler: nvrtc.Nvrtc) -> None:
    source = SOURCES[name]
    ptx = compiler.compile(source.text, source.path.name, target)[0].decode()
    for kernel in source.kernels:
        assert not INEXACT.findall(entry(ptx, kernel)), kernel
    assert not INEXACT.findall(ptx)


def snippet(expression: str) -> str:
    return f'extern "C" __global__ void k(float *a, float *b, double *d) {{ {expression}; }}\n'


@pytest.mark.parametrize(
    ("expression", "option", "caught"),
    [
        ("a[0] = a[1] * b[1] + a[2]", ("--fmad=false", "--fmad=true"), "fma.rn.f32"),
        ("a[0] = a[1] * b[1]", ("--fmad=false", "--fmad=true"), "mul.f32"),
        ("a[0] = a[1] - b[1]", ("--fmad=false", "--fmad=true"), "sub.f32"),
        ("a[0] = a[1] * b[1]", ("--ftz=false", "--ftz=true"), ".ftz"),
        ("a[0] = a[1] / b[1]", ("--prec-div=true", "--prec-div=false"), ".full"),
        ("a[0] = sqrtf(a[1])", ("--prec-sqrt=true", "--prec-sqrt=false"), ".approx"),
        ("a[0] = fmaf(a[1], b[1], a[2])", (), "fma.rn.f32"),
        ('asm("mad.rn.f32 %0, %1, %1, %1;" : "=f"(a[0]) : "f"(b[0]))', (), "mad.rn.f32"),
        ("a[0] = __expf(a[1])", (), ".approx"),
        ("a[0] = rsqrtf(a[1])", (), ".approx"),
        ("a[0] = __fdividef(a[1], b[1])", (), ".approx"),
        ("a[0] = __fadd_rz(a[1], b[1])", (), "add.rz.f32"),
        ("a[0] = __fsqrt_ru(a[1])", (), "sqrt.rp.f32"),
        ("a[0] = 2.1 * a[1]", (), ".f64"),
        ("d[0] += 1", (), ".f64"),
        ("a[0] = atomicAdd(b, 1.0f)", (), "atom.global.add.f32"),
        ("atomicAdd(b, a[0])", (), "atom.global.add.f32|red.global.add.f32"),
    ],
)  # fmt: skip
def test_inexact_arithmetic_is_caught(
    expression: str, option: tuple[str, ...], caught: str, compiler: nvrtc.Nvrtc, monkeypatch: pytest.MonkeyPatch
) -> None:
    if option:
        assert not inexact(compiler, snippet(expression)), "the right options make it exact"
        assert option[0] in nvrtc.OPTIONS
        monkeypatch.setattr(nvrtc, "OPTIONS", tuple(option[1] if each == option[0] else each for each in nvrtc.OPTIONS))
    assert inexact(compiler, snippet(expression)) & set(caught.split("|"))


@pytest.mark.parametrize(
    ("expression", "option"),
    [("a[0] = a[1] / b[1] + sqrtf(b[2]) - fabsf(a[3]) * fminf(a[1], b[1])", ()),
     ("atomicAdd((unsigned *)a, 1u); atomicMax((int *)b, (int)b[1]); a[0] = (float)(long long)b[1]", ()),
     ("int *n = (int *)a; n[0] = n[1] * n[2] + n[3]", ())],
)  # fmt: skip
def test_exact_arithmetic_is_not_caught(expression: str, option: tuple[str, ...], compiler: nvrtc.Nvrtc) -> None:
    assert not inexact(compiler, snippet(expression))


@pytest.mark.parametrize("name", ["render.compute.known_answer", "render.engines.particle_life.gpu"])
def test_the_options_matter_to_our_kernels(name: str, compiler: nvrtc.Nvrtc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvrtc, "OPTIONS", tuple(each for each in nvrtc.OPTIONS if each != "--fmad=false"))
    assert "fma.rn.f32" in inexact(compiler, SOURCES[name].text)
    monkeypatch.setattr(nvrtc, "OPTIONS", (*nvrtc.OPTIONS, "-ftz=true"))
    assert ".ftz" in inexact(compiler, SOURCES[name].text)


# ---- planted faults that PTX shows ----

LIFE, LOOK = SOURCES["render.engines.particle_life.gpu"], SOURCES["render.look.points.gpu"]
FIELD = SOURCES["render.look.field.gpu"]
PAINT = SOURCES["render.look.points.paint.gpu"]
ATOMICS = {
    "count_cells": (LIFE, "add", "atomicAdd(&counts[first_cell(p, each, grid) + cell_of(x[p], y[p], grid)], 1u)",
                    "counts[first_cell(p, each, grid) + cell_of(x[p], y[p], grid)]++"),
    "splat": (LOOK, "add", "atomicAdd(&light[(size_t)at_y * width + at_x], weight)", "light[(size_t)at_y * width + at_x] += weight"),
    "brightest": (LOOK, "max", "atomicMax(most, own)", "most[0] = max(most[0], own)"),
    "follow": (FIELD, "max", "atomicMax(most, own)", "most[0] = max(most[0], own)"),
    "choose": (FIELD, "max", "atomicMax(most, own)", "most[0] = max(most[0], own)"),
    "sample": (LOOK, "add", "atomicAdd(&histogram[entry_of(most)], 1u)", "histogram[entry_of(most)]++"),
    "count_near": (PAINT, "add", "atomicAdd(&counts[row * grid.columns + column], 1)", "counts[row * grid.columns + column]++"),
    "splat_tinted": (PAINT, "add", "atomicAdd(&plane[(size_t)at_y * width + at_x], tap)", "plane[(size_t)at_y * width + at_x] += tap"),
}  # fmt: skip
"""Kernels whose threads meet in memory, and what that takes; the emulated GPU cannot judge it, its threads take turns."""


@pytest.mark.parametrize("kernel", ATOMICS)
def test_threads_that_meet_use_atomics(kernel: str, compiler: nvrtc.Nvrtc, tmp_path: Path) -> None:
    source, what, right, wrong = ATOMICS[kernel]

    def is_atomic(source: Source) -> bool:
        ptx = compiler.compile(source.text, source.path.name, "compute_80")[0].decode()
        return re.search(rf"\b(?:atom|red)\.global\.{what}\.u32", entry(ptx, kernel)) is not None

    assert is_atomic(source)
    assert not is_atomic(proof.planted(source, right, wrong, tmp_path))


def test_no_other_kernel_has_atomics(compiler: nvrtc.Nvrtc) -> None:
    found = set()
    for source in SOURCES.values():
        ptx = compiler.compile(source.text, source.path.name, "compute_80")[0].decode()
        found |= {kernel for kernel in source.kernels if re.search(r"\b(?:atom|red)\.", entry(ptx, kernel))}
    assert found == set(ATOMICS)


@pytest.mark.parametrize(
    ("source", "old", "new", "caught"),
    [
        (LOOK, "atomicAdd(&light[(size_t)at_y * width + at_x], weight)",
         "atomicAdd((float *)&light[(size_t)at_y * width + at_x], (float)weight)", {"atom.global.add.f32", "red.global.add.f32"}),
        (LIFE, "dx * dx + dy * dy", "fmaf(dx, dx, dy * dy)", {"fma.rn.f32"}),
        (LIFE, "sqrtf(fmaxf(d2, LEAST_SQUARE))", "1.0f / rsqrtf(fmaxf(d2, LEAST_SQUARE))", {".approx"}),
        (LIFE, "1.0f - fabsf(2.0f * r", "1.0f - fabsf(2.0 * r", {".f64"}),
    ],
    ids=["float atomic", "fused multiply-add", "approximate root", "double"],
)  # fmt: skip
def test_planted_inexact_arithmetic_is_caught(
    source: Source, old: str, new: str, caught: set[str], compiler: nvrtc.Nvrtc, tmp_path: Path
) -> None:
    assert inexact(compiler, proof.planted(source, old, new, tmp_path).text) & caught


# ---- what to compile for ----


@pytest.mark.parametrize(
    ("capability", "known", "wanted"),
    [
        ((7, 5), [75, 80, 86, 90], "sm_75"),
        ((8, 7), [75, 80, 86, 87, 90], "sm_87"),
        ((8, 7), [75, 80, 86, 90], "sm_86"),
        ((8, 9), [75, 80], "sm_80"),
        ((9, 0), [75, 80, 86, 90], "sm_90"),
        ((12, 0), [75, 80, 86, 90], "compute_90"),
        ((11, 0), [80, 90, 100, 103, 120], "compute_103"),
        ((8, 0), [75, 86, 90], "compute_75"),
    ],
)  # fmt: skip
def test_the_architecture_for_a_gpu(capability: tuple[int, int], known: list[int], wanted: str) -> None:
    compiler: Any = SimpleNamespace(capabilities=lambda: known, version=(12, 9))
    assert nvrtc.architecture(compiler, capability) == wanted


@pytest.mark.parametrize("capability", [(3, 5), (7, 0)])
def test_a_gpu_that_is_too_old(capability: tuple[int, int]) -> None:
    compiler: Any = SimpleNamespace(capabilities=lambda: [75, 80], version=(13, 0))
    with pytest.raises(PreflightError, match=rf"{capability[0]}.{capability[1]} is too old for CUDA 13") as error:
        nvrtc.architecture(compiler, capability)
    assert "--device cpu" in error.value.hint


def test_what_the_compiler_says_it_compiles_for_compiles(compiler: nvrtc.Nvrtc) -> None:
    known = compiler.capabilities()
    assert known == sorted(known)
    assert set(ARCHITECTURES) <= set(known)
    newest = nvrtc.architecture(compiler, (99, 0))
    assert newest == f"compute_{known[-1]}"
    assert b".entry arithmetic" in nvrtc.machine_code(SOURCES["render.compute.known_answer"], (99, 0), 99)


# ---- the cache ----


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "render" / "cubins"


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Architectures that were compiled for, one entry a time."""
    seen: list[str] = []
    compile_ = nvrtc.Nvrtc.compile

    def watched(self: nvrtc.Nvrtc, text: str, name: str, architecture: str) -> tuple[bytes, str]:
        seen.append(architecture)
        return compile_(self, text, name, architecture)

    monkeypatch.setattr(nvrtc.Nvrtc, "compile", watched)
    return seen


KNOWN = SOURCES["render.compute.known_answer"]


def test_what_was_compiled_once_is_not_compiled_again(compiler: nvrtc.Nvrtc, home: Path, compiled: list[str]) -> None:
    first = nvrtc.machine_code(KNOWN, (9, 0), 99)
    assert first[:4] == b"\x7fELF"
    assert nvrtc.machine_code(KNOWN, (9, 0), 99) == first
    assert compiled == ["sm_90"]
    assert len(list(home.iterdir())) == 1


def test_whatever_changes_the_code_compiles_again(
    compiler: nvrtc.Nvrtc, home: Path, compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nvrtc.machine_code(KNOWN, (9, 0), 99)
    nvrtc.machine_code(proof.planted(KNOWN, "0.25f", "0.5f", tmp_path), (9, 0), 99)
    assert len(compiled) == 2
    nvrtc.machine_code(KNOWN, (8, 0), 99)
    assert compiled[2:] == ["sm_80"]
    with monkeypatch.context() as patch:
        patch.setattr(nvrtc, "OPTIONS", (*nvrtc.OPTIONS, "--extra-device-vectorization"))
        nvrtc.machine_code(KNOWN, (9, 0), 99)
    assert len(compiled) == 4
    with monkeypatch.context() as patch:
        patch.setattr(nvrtc.load(99), "version", (12, 99))
        nvrtc.machine_code(KNOWN, (9, 0), 99)
    assert len(compiled) == 5
    nvrtc.machine_code(KNOWN, (9, 0), 99)
    assert len(compiled) == 5
    assert len(list(home.iterdir())) == 5


@pytest.mark.parametrize("damaged", [b"", b"\x7fELF", None], ids=["empty", "cut", "flipped"])
def test_a_damaged_entry_is_compiled_again_and_replaced(
    damaged: bytes | None, compiler: nvrtc.Nvrtc, home: Path, compiled: list[str]
) -> None:
    good = nvrtc.machine_code(KNOWN, (9, 0), 99)
    (entry,) = home.iterdir()
    whole = entry.read_bytes()
    entry.write_bytes(whole[:500] + bytes([whole[500] ^ 4]) + whole[501:] if damaged is None else damaged)
    assert nvrtc.machine_code(KNOWN, (9, 0), 99) == good
    assert compiled == ["sm_90"] * 2
    assert entry.read_bytes() == whole
    assert nvrtc.machine_code(KNOWN, (9, 0), 99) == good
    assert compiled == ["sm_90"] * 2


@pytest.mark.parametrize("place", ["/proc/self", "file"])
def test_a_cache_that_cannot_be_kept_costs_only_time(
    place: str, compiler: nvrtc.Nvrtc, compiled: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    assert nvrtc.machine_code(KNOWN, (9, 0), 99) == nvrtc.machine_code(KNOWN, (9, 0), 99)
    assert len(compiled) == 2


def test_two_processes_may_fill_the_cache_at_once(compiler: nvrtc.Nvrtc, home: Path) -> None:
    program = (
        "import hashlib\n"
        "from render.compute import known_answer, nvrtc\n"
        "print(hashlib.sha256(nvrtc.machine_code(known_answer.SOURCE, (9, 0), 99)).hexdigest())\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate()[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert said == [hashlib.sha256(nvrtc.machine_code(KNOWN, (9, 0), 99)).hexdigest()] * 2
    assert len(list(home.iterdir())) == 1


# ---- finding the compiler ----


@pytest.fixture
def fresh() -> Any:
    nvrtc.load.cache_clear()
    yield
    nvrtc.load.cache_clear()


@pytest.mark.parametrize("candidates", [[], [(27, "/nowhere/libnvrtc.so.13"), (24, "libnvrtc.so.no")]])
def test_no_compiler_at_all(candidates: list[tuple[int, str]], fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvrtc, "_candidates", lambda: candidates)
    with pytest.raises(PreflightError, match="NVRTC is not installed") as error:
        nvrtc.load()
    assert "pip install 'render-longform[cuda12]'" in error.value.hint


def test_a_compiler_newer_than_the_driver_is_left_alone(compiler: nvrtc.Nvrtc, fresh: None) -> None:
    with pytest.raises(PreflightError, match="for CUDA 11"):
        nvrtc.load(11)
    assert nvrtc.load(12).version[0] == 12


def test_the_newest_compiler_the_driver_takes(fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two real libraries stand in for the two compilers; nothing in them is called."""
    versions = {"libm.so.6": (12, 9), "libdl.so.2": (12, 4), "libc.so.6": (13, 1)}
    monkeypatch.setattr(nvrtc, "_candidates", lambda: [(25, "libm.so.6"), (24, "libdl.so.2"), (26, "libc.so.6")])

    def stand_in(library: ctypes.CDLL) -> Any:
        return SimpleNamespace(version=versions[library._name])

    monkeypatch.setattr(nvrtc, "Nvrtc", stand_in)
    assert [nvrtc.load(most).version for most in (99, 13, 12)] == [(13, 1), (13, 1), (12, 9)]
    with pytest.raises(PreflightError):
        nvrtc.load(11)


def test_a_source_that_does_not_compile_is_an_error_with_the_compilers_words(compiler: nvrtc.Nvrtc) -> None:
    with pytest.raises(SimulationError, match=r"mine.cu does not compile for sm_80: mine.cu\(1\): error"):
        compiler.compile("broken\n", "mine.cu", "sm_80")
