"""``compute/cuda.py`` against the CuPy that is installed, without a GPU: every name, keyword and argument it relies on."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

cupy = pytest.importorskip("cupy", reason="CuPy is not installed; .ci/run installs it")

from render.compute import cuda, source  # noqa: E402 - only where CuPy is
from render.compute.gpu import Gpu, probe  # noqa: E402
from render.engines.particle_life import Params  # noqa: E402
from render.engines.particle_life.law import law  # noqa: E402
from render.errors import PreflightError, RenderError, SimulationError  # noqa: E402
from render.scene import World  # noqa: E402

TREE = ast.parse(Path(cuda.__file__).read_text())

WITHOUT_DRIVER = pytest.mark.skipif(bool(probe().driver), reason="this machine has an NVIDIA driver")


def dotted(node: ast.AST) -> str | None:
    """``a.b.c`` of an attribute chain that starts at a name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (before := dotted(node.value)):
        return f"{before}.{node.attr}"
    return None


def found(chain: str) -> Any:
    """What a chain that starts at CuPy is; raises AttributeError where there is no such thing."""
    first, *rest = chain.split(".")
    there = getattr(cuda, first)
    for name in rest:
        there = getattr(there, name)
    return there


def of_cupy(chain: str | None) -> bool:
    return chain is not None and chain.split(".")[0] in ("cupy", "cupyx", "_Runtime")


def chains() -> set[str]:
    every = {dotted(node) for node in ast.walk(TREE) if isinstance(node, ast.Attribute)}
    return {chain for chain in every if chain is not None and of_cupy(chain)}


# Objects that methods are called on, by how cuda.py names them.
OBJECTS = {
    "self._graph": "cupy.cuda.graph.Graph",
    "graph": "cupy.cuda.graph.Graph",
    "module": "cupy.cuda.function.Module",
    "self._device": "cupy.cuda.Device",
    "self._compute": "cupy.cuda.Stream",
    "self._copy": "cupy.cuda.Stream",
    "self.mark": "cupy.cuda.Event",
    "array": "cupy.ndarray",
}


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call into CuPy, with the chain of what is called."""
    for node in ast.walk(TREE):
        if not isinstance(node, ast.Call) or (chain := dotted(node.func)) is None:
            continue
        before, _, method = chain.rpartition(".")
        if before in OBJECTS:
            yield f"{OBJECTS[before]}.{method}", node
        elif of_cupy(chain):
            yield chain, node


def parameters(chain: str) -> list[str] | None:
    """Names of what a function of CuPy takes, from the first line of its docstring or its signature."""
    function = found(chain)
    name = "__init__" if inspect.isclass(function) else chain.rsplit(".", 1)[-1]
    told = re.search(rf"{name}\((?P<parameters>[^)]*)\)", (function.__doc__ or "").split("\n\n")[0])
    if told:  # "malloc(self, size_t size) -> MemoryPointer"
        words = [word.split("=")[0].split()[-1] for word in told["parameters"].split(",") if word.strip()]
        return [word for word in words if word != "self"]
    try:
        taken = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    if any(each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD) for each in taken):
        return None
    return [each.name for each in taken if each.name != "self"]


def test_every_name_is_there() -> None:
    assert {"cupy.cuda.Stream", "cupy.cuda.MemoryPool", "cupyx.empty_pinned", "_Runtime.memcpyAsync"} <= chains()
    assert len(chains()) > 15
    missing = []
    for chain in sorted(chains()):
        try:
            found(chain)
        except AttributeError:
            missing.append(chain)
    assert missing == []


def test_a_name_that_is_not_there_would_be_noticed() -> None:
    with pytest.raises(AttributeError):
        found("cupy.cuda.MemoryLake")


def test_every_call_fits_what_is_called() -> None:
    """Names of keywords, and how many arguments there are, wherever CuPy says what it takes."""
    checked = set()
    for chain, call in calls():
        takes = parameters(chain)
        if takes is None:
            continue
        checked.add(chain)
        assert len(call.args) <= len(takes), chain
        for keyword in call.keywords:
            assert keyword.arg in takes, f"{chain} takes no {keyword.arg}"
    assert {
        "cupy.cuda.Event", "cupy.ndarray", "cupy.ndarray.set", "cupy.ndarray.get", "cupyx.empty_pinned",
        "cupy.cuda.graph.Graph.launch", "cupy.cuda.graph.Graph.upload", "cupy.cuda.function.Module.load",
        "_Runtime.memsetAsync", "_Runtime.memcpyAsync", "cupy.cuda.Stream.begin_capture",
    } <= checked  # fmt: skip


def test_what_is_passed_by_place_means_what_we_mean() -> None:
    assert parameters("_Runtime.memsetAsync") == ["ptr", "value", "size", "stream"]
    assert parameters("_Runtime.memcpyAsync") == ["dst", "src", "size", "kind", "stream"]
    assert parameters("cupyx.empty_pinned")[:2] == ["shape", "dtype"]  # type: ignore[index]
    assert parameters("cupy.ndarray")[:3] == ["shape", "dtype", "memptr"]  # type: ignore[index]


# Kernel arguments: CuPy packs them before it asks the driver for anything, so that a wrong one shows without a GPU.


class Mixed(NamedTuple):
    """Every type of a structure's fields."""

    a: np.int32
    b: np.int64
    c: np.uint32
    d: np.uint64
    e: np.float32


def launch(argument: Any) -> None:
    """Launch no kernel with an argument, on no stream."""
    kernel = cupy.cuda.function.Function.__new__(cupy.cuda.function.Function)
    kernel((1,), (1,), (argument,), stream=SimpleNamespace(ptr=0))


@WITHOUT_DRIVER
@pytest.mark.parametrize(
    "argument",
    [
        np.int32(-1),
        np.uint32(1),
        np.int64(-1),
        np.uint64(2**64 - 1),
        np.float32(0.1),
        source.struct(Mixed(np.int32(1), np.int64(2), np.uint32(3), np.uint64(4), np.float32(5))),
        source.struct(law(Params(), World(720, 480))),
    ],
    ids=lambda argument: str(argument.dtype)[:20],
)
def test_every_kind_of_argument_is_taken(argument: Any) -> None:
    with pytest.raises((cupy.cuda.runtime.CUDARuntimeError, cupy.cuda.driver.CUDADriverError)):
        launch(argument)


@pytest.mark.parametrize(
    "argument", [np.zeros(3, np.float32), "text", [1], object()], ids=["array", "text", "list", "object"]
)
def test_a_wrong_argument_is_noticed_before_the_driver(argument: Any) -> None:
    with pytest.raises(TypeError):
        launch(argument)


# Without a driver


def test_the_module_is_imported_without_a_warning_and_without_a_driver() -> None:
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", "from render.compute import cuda; print(cuda.built_for())"],
        capture_output=True,
        text=True,
    )
    assert (answer.returncode, answer.stderr) == (0, "")
    assert int(answer.stdout) == cuda.built_for()


def test_versions() -> None:
    built = cuda.built_for()
    assert 12000 <= built < 15000
    assert cuda.version() == f"CuPy {cupy.__version__} for CUDA {built // 1000}.{built % 1000 // 10}"


@WITHOUT_DRIVER
def test_a_gpu_without_a_driver_is_told_in_a_sentence() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(SimulationError) as caught:
            cuda.CudaAccelerator(Gpu(0, "NVIDIA L4", "GPU-0", (8, 9), 24 << 30, 58))
    cause = caught.value.__cause__
    assert isinstance(cause, cupy.cuda.runtime.CUDARuntimeError)
    assert cause.status == 35  # cudaErrorInsufficientDriver
    assert caught.value.message.startswith("the GPU failed while starting: cudaErrorInsufficientDriver: ")
    assert caught.value.hint


@WITHOUT_DRIVER
def test_no_call_lets_an_error_of_cupys_out() -> None:
    """Every method, on an accelerator that was never opened: each failure is ours, with a sentence."""
    accelerator = cuda.CudaAccelerator.__new__(cuda.CudaAccelerator)
    stream = SimpleNamespace(ptr=0, synchronize=lambda: cupy.cuda.runtime.streamSynchronize(0),
                             record=lambda event: cupy.cuda.runtime.eventRecord(0, 0),
                             wait_event=lambda event: cupy.cuda.runtime.streamWaitEvent(0, 0))  # fmt: skip
    device = cupy.cuda.Device(0)
    accelerator._device, accelerator._compute, accelerator._copy = device, stream, stream
    accelerator._streams = {"compute": stream, "copy": stream}
    accelerator._plans = {}
    field, spectrum = SimpleNamespace(shape=(8, 8)), SimpleNamespace(shape=(8, 5, 2))
    memory, mark = SimpleNamespace(data=SimpleNamespace(ptr=0), nbytes=1), SimpleNamespace(mark=None)
    program = cuda.CudaProgram.__new__(cuda.CudaProgram)
    kernel = cupy.cuda.function.Function.__new__(cupy.cuda.function.Function)
    program._kernels, program._stream = {"any": kernel}, stream
    done = {
        "empty": lambda: accelerator.empty(3, np.uint8),
        "upload": lambda: accelerator.upload(np.zeros(3, np.uint8)),
        "download": lambda: accelerator.download(memory),
        "pinned": lambda: accelerator.pinned(64),
        "memory": accelerator.memory,
        "clear": lambda: accelerator.clear(memory),
        "read_back": lambda: accelerator.read_back(memory, np.zeros(1, np.uint8)),
        "rfft2": lambda: accelerator.rfft2(field, spectrum),
        "irfft2": lambda: accelerator.irfft2(spectrum, field),
        "capture": lambda: accelerator.capture(lambda: None),
        "event": accelerator.event,
        "record": lambda: accelerator.record(mark, "copy"),  # type: ignore[arg-type]
        "wait": lambda: accelerator.wait("copy", mark),  # type: ignore[arg-type]
        "mark": accelerator.mark,
        "microseconds": lambda: accelerator.microseconds(SimpleNamespace(ptr=0), SimpleNamespace(ptr=0)),
        "synchronize": accelerator.synchronize,
        "launch": lambda: program.launch("any", 1, 1, np.int32(1)),
    }
    public = {name for name in vars(cuda.CudaAccelerator) if not name.startswith("_")}
    assert public - set(done) == {"program"}, "a method is not tried here"
    for name, call in done.items():
        with pytest.raises(RenderError) as caught:
            call()
        assert isinstance(caught.value, PreflightError if name == "pinned" else SimulationError), name
        assert "cudaError" in caught.value.message, name
