"""What Python and CUDA must agree on: constants bit for bit, structures byte for byte, line numbers."""

from __future__ import annotations

import re
import typing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import proof
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from render.compute import nvrtc
from render.compute.emulation import EmulatedAccelerator
from render.compute.source import Source, literal, struct
from render.engines.particle_life.law import Grid, Law
from render.errors import SimulationError
from render.look.points.gpu import StampShape


class Odd(NamedTuple):
    """Every type, in an order that needs padding."""

    first: np.int32
    wide: np.int64
    real: np.float32
    wider: np.uint64
    last: np.uint32


STRUCTS = [*dict.fromkeys(struct for source in proof.sources().values() for struct in source.structs), Odd]


def write(folder: Path, body: str, **rest: Any) -> Source:
    path = folder / "tiny.cu"
    path.write_text(body)
    return Source(path, **rest)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(2.0**-149)
@example(float(np.finfo(np.float32).max))
def test_a_float_constant_is_the_same_bits_in_hexadecimal(value: float) -> None:
    text = literal(np.float32(value))
    assert text.endswith("f")
    assert np.float32(float.fromhex(text[:-1])).tobytes() == np.float32(value).tobytes()


def test_constants_are_the_same_bits_in_cpp(tmp_path: Path, cxx: str) -> None:
    rng = np.random.default_rng(480)
    bits = rng.integers(0, 2**32, 300, np.uint32).view(np.float32)
    floats = [
        value for value in (*bits, np.float32(0.1), np.float32(2.0**-149), np.float32(-0.0)) if np.isfinite(value)
    ]
    wholes = [0, -1, 2**31 - 1, np.uint32(2**32 - 1), np.int64(-(2**62)), np.uint64(2**64 - 1), np.int32(-5)]
    lines = [f"    floats[{n}] = F{n};\n" for n in range(len(floats))]
    lines += [f"    wholes[{n}] = (u64)W{n};\n" for n in range(len(wholes))]
    body = f'extern "C" __global__ void write(float *floats, u64 *wholes)\n{{\n{"".join(lines)}}}\n'
    defines = [(f"F{n}", value) for n, value in enumerate(floats)] + [
        (f"W{n}", value) for n, value in enumerate(wholes)
    ]
    source = write(tmp_path, body, defines=tuple(defines))
    gpu = EmulatedAccelerator()
    there = gpu.empty(len(floats), np.float32), gpu.empty(len(wholes), np.uint64)
    gpu.program(source).launch("write", 1, 1, *there)
    assert gpu.download(there[0]).tobytes() == np.array(floats, np.float32).tobytes()
    assert gpu.download(there[1]).tolist() == [int(value) % 2**64 for value in wholes]


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.float32(np.inf), np.float32(np.nan), "1"])
def test_constants_that_cannot_be_exact_are_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="no constant"):
        literal(value)


@pytest.mark.parametrize("type_", STRUCTS, ids=lambda type_: type_.__name__)
def test_structures_lie_in_memory_as_numpy_says(
    type_: type[Any], tmp_path: Path, cxx: str, compiler: nvrtc.Nvrtc
) -> None:
    name = type_.__name__
    layout = struct(type_(*(each(0) for each in typing.get_type_hints(type_).values()))).dtype
    assert layout.fields is not None
    places = {field: place for field, (_, place, *_) in layout.fields.items()}
    readers = "".join(
        f'extern "C" __global__ void at_{field}({name} value, {name} *out) {{ out->{field} = value.{field}; }}\n'
        for field in places
    )
    # The GPU: where its code fetches each field from the parameter, and the parameter's size.
    source = write(tmp_path, readers, structs=(type_,))
    ptx = compiler.compile(source.text, "tiny.cu", "compute_90")[0].decode()
    for field, place in places.items():
        assert f".b8 at_{field}_param_0[{layout.itemsize}]" in ptx
        fetched = re.findall(rf"ld\.param\.\w+\s+\S+\s+\[at_{field}_param_0(?:\+(\d+))?\]", ptx)
        assert [int(each or 0) for each in fetched] == [place]
    # The CPU: asserted by the compiler, for which wrong numbers do not compile.
    facts = {f"__builtin_offsetof({name}, {field})": place for field, place in places.items()} | {
        f"sizeof({name})": layout.itemsize
    }

    def asserted(facts: dict[str, int]) -> Source:
        lines = "".join(f'static_assert({what} == {number}, "");\n' for what, number in facts.items())
        return write(tmp_path, lines + readers, structs=(type_,))

    sizes = EmulatedAccelerator().program(asserted(facts))._sizes
    assert {each[0] for each in sizes.values()} == {layout.itemsize}
    last = list(places)[-1]
    with pytest.raises(SimulationError, match="static assertion failed"):
        EmulatedAccelerator().program(asserted(facts | {f"__builtin_offsetof({name}, {last})": places[last] + 4}))


def test_structures_arrive_with_their_values(tmp_path: Path, cxx: str) -> None:
    body = (
        'extern "C" __global__ void read(Odd odd, double *out)\n'
        "{ out[0] = odd.first; out[1] = odd.wide; out[2] = odd.real; out[3] = odd.wider; out[4] = odd.last; }\n"
    )
    gpu = EmulatedAccelerator()
    out = gpu.empty(5, np.float64)
    value = Odd(np.int32(-7), np.int64(-(2**40)), np.float32(0.1), np.uint64(2**50 + 1), np.uint32(2**32 - 1))
    gpu.program(write(tmp_path, body, structs=(Odd,))).launch("read", 1, 1, struct(value), out)
    assert gpu.download(out).tolist() == [float(each) for each in value]


def test_structures_of_the_package_are_among_those_checked() -> None:
    assert {Law, Grid, StampShape} <= set(STRUCTS)


@pytest.mark.parametrize("name", sorted(proof.sources()))
def test_an_error_is_reported_with_the_files_own_line(
    name: str, tmp_path: Path, cxx: str, compiler: nvrtc.Nvrtc
) -> None:
    source = proof.sources()[name]
    lines = source.path.read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line == "{") + 1
    broken = proof.planted(source, "\n{\n", "\n{\n    no_such_name = 1;\n", tmp_path)
    with pytest.raises(SimulationError, match=rf"{source.path.name}\({number}\): error.*no_such_name"):
        compiler.compile(broken.text, broken.path.name, "sm_90")
    with pytest.raises(SimulationError, match=rf"{source.path.name}:{number}:\d+: error.*no_such_name"):
        EmulatedAccelerator().program(broken)


def test_kernels_are_named_in_the_files_order(tmp_path: Path) -> None:
    body = (
        'extern "C" __global__ void first(int a) {}\n'
        "__device__ void helper(int a) {}\n"
        'extern "C" __global__ void __launch_bounds__(128, 10)\nsecond(int a) {}\n'
    )
    assert write(tmp_path, body).kernels == ("first", "second")
