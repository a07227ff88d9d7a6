"""The emulated GPU itself: it does what CUDA says, and shows what CUDA would not forgive."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import pytest

from render.compute import known_answer
from render.compute.accelerator import Accelerator
from render.compute.emulation import POISON, EmulatedAccelerator, Emulation, EmulationError, build
from render.compute.source import Source, struct
from render.errors import PreflightError, SimulationError

pytestmark = pytest.mark.usefixtures("cxx")

BODY = r"""
extern "C" __global__ void neighbour(int *out)
{
    __shared__ int tile[256];
    tile[threadIdx.x] = threadIdx.x;
    __syncthreads();
    out[blockIdx.x * blockDim.x + threadIdx.x] = tile[(threadIdx.x + 1) % blockDim.x];
}

extern "C" __global__ void neighbour_unready(int *out)
{
    __shared__ int tile[256];
    tile[threadIdx.x] = threadIdx.x;
    out[blockIdx.x * blockDim.x + threadIdx.x] = tile[(threadIdx.x + 1) % blockDim.x];
}

// Right only where all warps read before one goes on: the barrier after reading is missing.
extern "C" __global__ void reused(int *out)
{
    __shared__ int tile[256];
    for (int turn = 0; turn < 4; turn++) {
        int value = __shfl_sync(0xffffffffu, turn, 0);
        tile[threadIdx.x] = value;
        __syncthreads();
        out[turn * blockDim.x + threadIdx.x] = tile[(threadIdx.x + 32) % blockDim.x];
    }
}

extern "C" __global__ void shuffles(int *across, int *up, int *one, i64 *wide, float *real)
{
    int i = threadIdx.x;
    across[i] = __shfl_xor_sync(0xffffffffu, 10 * i, 5);
    up[i] = __shfl_up_sync(0xffffffffu, 10 * i, 3);
    one[i] = __shfl_sync(0xffffffffu, 10 * i, 7);
    wide[i] = __shfl_xor_sync(0xffffffffu, (i64)i << 40, 1);
    real[i] = __shfl_xor_sync(0xffffffffu, 0.5f * i, 16);
}

extern "C" __global__ void unwritten_shared(u32 *out)
{
    __shared__ u32 tile[32];
    out[blockIdx.x * blockDim.x + threadIdx.x] = tile[threadIdx.x];
    tile[threadIdx.x] = 7;
}

extern "C" __global__ void turns(u32 *turn, u32 *blocks, u32 *out)
{
    if (threadIdx.x == 0) blocks[blockIdx.x] = turn[0];
    out[blockIdx.x * blockDim.x + threadIdx.x] = atomicAdd(turn, 1u);
}

extern "C" __global__ void early(int lane, int *out)
{
    if (threadIdx.x == lane) return;
    out[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1, 1);
}

extern "C" __global__ void half_mask(int *out) { out[threadIdx.x] = __shfl_xor_sync(0xffffu, 1, 1); }

extern "C" __global__ void divergent(int threads, int *out)
{
    if (threadIdx.x < threads) __syncthreads();
    out[threadIdx.x] = 1;
}

extern "C" __global__ void take(u8 a, u16 b, int c, u32 d, i64 e, u64 f, float g, Pair pair, int *out)
{
    out[0] = a; out[1] = b; out[2] = c; out[3] = d; out[4] = (int)e; out[5] = (int)f; out[6] = (int)g; out[7] = pair.wide;
}

extern "C" __global__ void put(u8 *to, int at, u8 value) { to[at] = value; }
extern "C" __global__ void paint(u8 *to, int count, u8 value)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) to[i] = value;
}
"""


class Pair(NamedTuple):
    narrow: np.int32
    wide: np.int64


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    path = tmp_path_factory.mktemp("tiny") / "tiny.cu"
    path.write_text(BODY)
    return Source(path, structs=(Pair,))


def run(source: Source, kernel: str, blocks: int, threads: int, shapes: dict[str, Any], shuffle: int = 0) -> list[Any]:
    """What a kernel with nothing but outputs writes."""
    gpu = EmulatedAccelerator(Emulation(shuffle=shuffle))
    outputs = [gpu.upload(np.zeros(count, dtype)) for dtype, count in shapes.values()]
    gpu.program(source).launch(kernel, blocks, threads, *outputs)
    return [gpu.download(output) for output in outputs]


# ---- threads ----


@pytest.mark.parametrize("shuffle", range(6))
def test_barriers_make_all_of_a_block_arrive(shuffle: int, source: Source) -> None:
    (out,) = run(source, "neighbour", 3, 256, {"out": (np.int32, 768)}, shuffle)
    np.testing.assert_array_equal(out, np.tile(np.roll(np.arange(256), -1), 3))


def test_a_missing_barrier_shows(source: Source) -> None:
    results = {
        run(source, "neighbour_unready", 2, 256, {"out": (np.int32, 512)}, shuffle)[0].tobytes() for shuffle in range(4)
    }
    wanted = np.tile(np.roll(np.arange(256, dtype=np.int32), -1), 2).tobytes()
    assert wanted not in results
    assert len(results) == 4


def test_a_warp_that_runs_ahead_shows(source: Source) -> None:
    """A barrier is missing that only a warp far ahead of another needs; in the natural order nobody is."""
    wanted = np.repeat(np.arange(4, dtype=np.int32), 256).tobytes()
    results = [run(source, "reused", 1, 256, {"out": (np.int32, 1024)}, shuffle)[0].tobytes() for shuffle in range(8)]
    assert results[0] == wanted
    assert any(result != wanted for result in results[1:])


@pytest.mark.parametrize("shuffle", range(4))
def test_shuffles(shuffle: int, source: Source) -> None:
    types = {"across": np.int32, "up": np.int32, "one": np.int32, "wide": np.int64, "real": np.float32}
    across, up, one, wide, real = run(
        source, "shuffles", 1, 96, {name: (type_, 96) for name, type_ in types.items()}, shuffle
    )
    i = np.arange(96)
    lane = i % 32
    np.testing.assert_array_equal(across, 10 * (i ^ 5))
    np.testing.assert_array_equal(up, 10 * np.where(lane >= 3, i - 3, i))
    np.testing.assert_array_equal(one, 10 * (i - lane + 7))
    np.testing.assert_array_equal(wide, (i ^ 1) << 40)
    np.testing.assert_array_equal(real, 0.5 * (i ^ 16))


def test_shared_memory_holds_poison_before_each_block(source: Source) -> None:
    (out,) = run(source, "unwritten_shared", 4, 32, {"out": (np.uint32, 128)})
    assert (out == 0xCDCDCDCD).all()


def test_random_orders_are_random_and_repeat(source: Source) -> None:
    shapes = {"turn": (np.uint32, 1), "blocks": (np.uint32, 8), "out": (np.uint32, 512)}
    natural = run(source, "turns", 8, 64, shapes)
    np.testing.assert_array_equal(natural[2], np.arange(512))
    orders = [run(source, "turns", 8, 64, shapes, shuffle)[2] for shuffle in (1, 2, 3)]
    for order in orders:
        assert sorted(order) == list(range(512))
        assert (order != natural[2]).any()
        blocks = order.reshape(8, 64)
        assert (np.ptp(blocks, axis=1) == 63).all(), "one block runs after the other"
        assert (np.argsort(blocks[:, 0]) != np.arange(8)).any(), "blocks are shuffled"
        assert any((np.diff(block.astype(int)) != 1).any() for block in blocks), "threads are shuffled"
    assert len({order.tobytes() for order in orders}) == 3
    np.testing.assert_array_equal(orders[0], run(source, "turns", 8, 64, shapes, 1)[2])


def test_launches_of_one_accelerator_have_orders_of_their_own(source: Source) -> None:
    gpu = EmulatedAccelerator(Emulation(shuffle=1))
    results = []
    for _ in range(2):
        turn, blocks, out = (gpu.upload(np.zeros(count, np.uint32)) for count in (1, 8, 512))
        gpu.program(source).launch("turns", 8, 64, turn, blocks, out)
        results.append(gpu.download(out))
    assert (results[0] != results[1]).any()


@pytest.mark.parametrize("shuffle", range(3))
@pytest.mark.parametrize(
    ("kernel", "threads", "arguments", "message"),
    [
        ("early", 64, [np.int32(3)], "a lane returned before a shuffle"),
        ("early", 64, [np.int32(40)], "a lane returned before a shuffle"),
        ("early", 48, [np.int32(-1)], "a shuffle without a whole warp"),
        ("half_mask", 32, [], "a shuffle without a whole warp"),
        ("divergent", 64, [np.int32(5)], "5 of 64 threads wait at __syncthreads, the others never come"),
        ("divergent", 64, [np.int32(32)], "32 of 64 threads wait"),
    ],
)  # fmt: skip
def test_faults_of_threads_are_told(
    kernel: str, threads: int, arguments: list[Any], message: str, shuffle: int, source: Source
) -> None:
    gpu = EmulatedAccelerator(Emulation(shuffle=shuffle))
    out = gpu.empty(64, np.int32)
    program = gpu.program(source)
    with pytest.raises(EmulationError, match=f"{kernel}: .*{message}"):
        program.launch(kernel, 1, threads, *arguments, out)
    right = gpu.empty(256, np.int32)
    program.launch("neighbour", 1, 256, right)  # the next launch starts afresh
    np.testing.assert_array_equal(gpu.download(right), np.roll(np.arange(256), -1))


def test_whole_warps_that_end_early_are_no_fault(source: Source) -> None:
    gpu = EmulatedAccelerator()
    out = gpu.upload(np.zeros(64, np.int32))
    gpu.program(source).launch("divergent", 1, 64, np.int32(64), out)
    gpu.program(source).launch("divergent", 1, 64, np.int32(0), out)
    assert gpu.download(out).all()


# ---- launches ----


def arguments(gpu: EmulatedAccelerator) -> list[Any]:
    return [
        np.uint8(1), np.uint16(2), np.int32(3), np.uint32(4), np.int64(5), np.uint64(6), np.float32(7),
        struct(Pair(np.int32(0), np.int64(8))), gpu.upload(np.zeros(8, np.int32)),
    ]  # fmt: skip


def test_arguments_arrive(source: Source) -> None:
    gpu = EmulatedAccelerator()
    given = arguments(gpu)
    gpu.program(source).launch("take", 1, 1, *given)
    assert gpu.download(given[8]).tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ("place", "wrong", "message"),
    [
        (2, 3, "argument 2: int has no size of its own"),
        (6, 7.0, "argument 6: float has no size of its own"),
        (2, np.int64(3), "argument 2: 8 bytes where 4 belong"),
        (4, np.int32(5), "argument 4: 4 bytes where 8 belong"),
        (0, np.uint16(1), "argument 0: 2 bytes where 1 belong"),
        (7, np.float32(1), "argument 7: 4 bytes where 16 belong"),
        (8, np.int32(1), "argument 8: 4 bytes where -8 belong"),
        (8, np.zeros(8, np.int32), "argument 8: ndarray has no size of its own"),
        (8, None, "argument 8: NoneType"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit_are_told(place: int, wrong: Any, message: str, source: Source) -> None:
    gpu = EmulatedAccelerator()
    given = arguments(gpu)
    given[place] = wrong
    with pytest.raises(EmulationError, match=f"take, {message}"):
        gpu.program(source).launch("take", 1, 1, *given)


def test_an_array_where_a_value_belongs_is_told(source: Source) -> None:
    gpu = EmulatedAccelerator()
    given = arguments(gpu)
    given[2] = given[8]
    with pytest.raises(EmulationError, match="argument 2: an array where a value belongs"):
        gpu.program(source).launch("take", 1, 1, *given)


@pytest.mark.parametrize("change", [lambda given: given[:-1], lambda given: [*given, np.int32(1)]])
def test_too_few_and_too_many_arguments_are_told(change: Callable[[list[Any]], list[Any]], source: Source) -> None:
    gpu = EmulatedAccelerator()
    with pytest.raises(EmulationError, match="take takes 9 arguments"):
        gpu.program(source).launch("take", 1, 1, *change(arguments(gpu)))


@pytest.mark.parametrize(("blocks", "threads"), [(0, 32), (1, 0), (1, 1025), (2**31, 1), (-1, 1)])
def test_launches_beyond_cudas_limits_are_told(blocks: int, threads: int, source: Source) -> None:
    gpu = EmulatedAccelerator()
    with pytest.raises(EmulationError, match="cannot be launched"):
        gpu.program(source).launch("unwritten_shared", blocks, threads, gpu.empty(32, np.uint32))


def test_arguments_are_kept_until_the_launch_runs(source: Source) -> None:
    """CUDA copies them at once; what the host does with its own afterwards is nothing to it."""
    gpu = EmulatedAccelerator(Emulation(ahead="none"))
    out, value = gpu.empty(4, np.uint8), np.array(5, np.uint8)
    gpu.program(source).launch("paint", 1, 32, out, np.int32(4), value)
    value[...] = 9
    del value
    gc.collect()
    assert gpu.download(out).tolist() == [5] * 4


# ---- memory ----


@pytest.mark.parametrize(
    ("at", "is_told"), [(-1, True), (-256, True), (0, False), (99, False), (100, True), (300, True)]
)
@pytest.mark.parametrize("look", ["synchronize", "download", "event"])
def test_writing_outside_an_array_is_told(at: int, is_told: bool, look: str, source: Source) -> None:
    gpu = EmulatedAccelerator(Emulation(ahead="none"))
    array = gpu.empty(100, np.uint8)
    event = gpu.event()
    gpu.program(source).launch("put", 1, 1, array, np.int32(at), np.uint8(1))
    gpu.record(event, "compute")
    finish = {"synchronize": gpu.synchronize, "download": lambda: gpu.download(array), "event": event.synchronize}[look]
    if is_told:
        with pytest.raises(EmulationError, match="outside an array of 100 bytes"):
            finish()
    else:
        finish()


def test_memory_starts_as_poison_at_multiples_of_256() -> None:
    gpu = EmulatedAccelerator()
    for shape, type_ in ((1, np.uint8), ((3, 5), np.float32), (777, np.uint64)):
        array = gpu.empty(shape, type_)
        assert array.values.ctypes.data % 256 == 0
        assert (gpu.download(array).view(np.uint8) == POISON).all()
    assert (gpu.pinned(100) == POISON).all()


def test_the_host_cannot_read_the_memory_of_the_gpu() -> None:
    array = EmulatedAccelerator().empty(4, np.float32)
    for read in (lambda: float(array), lambda: array + 1, lambda: memoryview(array)):  # type: ignore[operator, arg-type]
        with pytest.raises((TypeError, AttributeError)):
            read()


def test_memory_is_counted_and_given_back() -> None:
    gpu = EmulatedAccelerator()
    before = gpu.memory()[0]
    array = gpu.empty(1000, np.float32)
    part = array[:10].reshape(2, 5)
    assert gpu.memory()[0] == before + 4000
    del array
    assert gpu.memory()[0] == before + 4000, "a part keeps the whole"
    del part
    assert gpu.memory()[0] == before


def test_an_upload_is_a_copy_and_clear_is_enqueued() -> None:
    gpu = EmulatedAccelerator(Emulation(ahead="none"))
    host = np.arange(6, dtype=np.int32).reshape(2, 3)
    there = gpu.upload(host)
    host[:] = 0
    np.testing.assert_array_equal(gpu.download(there), np.arange(6).reshape(2, 3))
    gpu.clear(there)
    assert there.values.any()
    assert not gpu.download(there).any()


# ---- captured work ----


def test_a_graph_does_what_was_recorded_each_time_it_is_launched(source: Source) -> None:
    for ahead in ("both", "none"):
        gpu = EmulatedAccelerator(Emulation(ahead=ahead))  # type: ignore[arg-type]
        turn, blocks, out = (gpu.upload(np.zeros(count, np.uint32)) for count in (1, 1, 32))
        graph = gpu.capture(
            lambda turn=turn, blocks=blocks, out=out, gpu=gpu: gpu.program(source).launch(
                "turns", 1, 32, turn, blocks, out
            )
        )  # type: ignore[misc]
        assert gpu.download(turn)[0] == 0
        for times in (1, 2, 3):
            graph.launch()
            assert gpu.download(turn)[0] == 32 * times


@pytest.mark.parametrize(
    "what", ["empty", "upload", "download", "synchronize", "record", "wait", "read_back", "capture"]
)
def test_capturing_refuses_what_a_gpu_would(what: str) -> None:
    gpu = EmulatedAccelerator()
    array, host, event = gpu.empty(8, np.uint8), gpu.pinned(8), gpu.event()
    gpu.record(event, "compute")
    asked: dict[str, Callable[[], Any]] = {
        "empty": lambda: gpu.empty(1, np.uint8),
        "upload": lambda: gpu.upload(np.zeros(1)),
        "download": lambda: gpu.download(array),
        "synchronize": gpu.synchronize,
        "record": lambda: gpu.record(event, "compute"),
        "wait": lambda: gpu.wait("compute", event),
        "read_back": lambda: gpu.read_back(array, host),
        "capture": lambda: gpu.capture(lambda: None),
    }
    with pytest.raises(EmulationError, match="not possible while work is captured"):
        gpu.capture(lambda: asked[what]())
    asked[what]()  # afterwards all of it is possible again


# ---- streams and events ----

MODES: tuple[Literal["compute", "copy", "both", "none"], ...] = ("compute", "copy", "both", "none")
PICTURES, SLOTS, PIXELS = 9, 2, 64


def ring(gpu: Accelerator, source: Source, omitted: str) -> list[list[int]]:
    """Pictures drawn into two slots, read back into two buffers and taken from there, with one precaution left out."""
    program = gpu.program(source)
    slots = [gpu.empty(PIXELS, np.uint8) for _ in range(SLOTS)]
    buffers = [gpu.pinned(PIXELS) for _ in range(SLOTS)]
    drawn, read, arrived = ([gpu.event() for _ in range(SLOTS)] for _ in range(3))
    taken: list[list[int]] = []

    def take(number: int) -> None:
        if omitted != "synchronize arrived":
            arrived[number % SLOTS].synchronize()
        taken.append([int(value) for value in np.unique(buffers[number % SLOTS])])

    for number in range(PICTURES):
        at = number % SLOTS
        if number >= SLOTS and omitted != "compute waits for read":
            gpu.wait("compute", read[at])
        program.launch("paint", 2, 32, slots[at], np.int32(PIXELS), np.uint8(number + 1))
        if omitted != "record drawn":
            gpu.record(drawn[at], "compute")
        if omitted != "copy waits for drawn":
            gpu.wait("copy", drawn[at])
        if number >= SLOTS and omitted != "take before reuse":
            take(number - SLOTS)
        gpu.read_back(slots[at], buffers[at])
        if omitted != "record read":
            gpu.record(read[at], "copy")
        if omitted != "record arrived":
            gpu.record(arrived[at], "copy")
        if number >= SLOTS and omitted == "take before reuse":
            take(number - SLOTS)
    for number in range(PICTURES - SLOTS, PICTURES):
        take(number)
    return taken


WANTED = [[number + 1] for number in range(PICTURES)]
PRECAUTIONS = {
    "compute waits for read": {"compute"},
    "copy waits for drawn": {"copy", "none"},
    "synchronize arrived": {"compute", "copy", "none"},
    "take before reuse": {"copy", "both", "compute", "none"},
    "record drawn": {"compute", "copy", "both", "none"},
    "record read": {"compute", "copy", "both", "none"},
    "record arrived": {"compute", "copy", "both", "none"},
}
"""Each precaution of the ring, and the modes in which leaving it out shows."""


@pytest.mark.parametrize("ahead", MODES)
def test_a_ring_with_all_its_events_is_right(ahead: Literal["compute", "copy", "both", "none"], source: Source) -> None:
    assert ring(EmulatedAccelerator(Emulation(ahead=ahead)), source, "nothing") == WANTED


@pytest.mark.parametrize("omitted", PRECAUTIONS)
def test_a_ring_without_one_of_its_events_is_convicted(omitted: str, source: Source) -> None:
    convicted = set()
    for ahead in MODES:
        try:
            right = ring(EmulatedAccelerator(Emulation(ahead=ahead)), source, omitted) == WANTED
        except EmulationError:
            right = False
        if not right:
            convicted.add(ahead)
    assert convicted == PRECAUTIONS[omitted]


def test_waiting_for_what_was_never_recorded_is_told() -> None:
    gpu = EmulatedAccelerator()
    with pytest.raises(EmulationError, match="never recorded"):
        gpu.wait("compute", gpu.event())
    with pytest.raises(EmulationError, match="never recorded"):
        gpu.event().synchronize()


def test_a_wait_is_for_the_latest_mark_at_its_time(source: Source) -> None:
    """As cuStreamWaitEvent has it: a mark set later does not hold up what waits already."""
    gpu = EmulatedAccelerator(Emulation(ahead="none"))
    array, buffer, event, done = gpu.empty(4, np.uint8), gpu.pinned(4), gpu.event(), gpu.event()
    program = gpu.program(source)
    program.launch("paint", 1, 32, array, np.int32(4), np.uint8(1))
    gpu.record(event, "compute")
    gpu.wait("copy", event)
    gpu.read_back(array, buffer)
    gpu.record(done, "copy")
    program.launch("paint", 1, 32, array, np.int32(4), np.uint8(2))
    gpu.record(event, "compute")
    done.synchronize()
    assert buffer.tolist() == [1] * 4
    event.synchronize()
    assert gpu.download(array).tolist() == [2] * 4


def test_streams_that_wait_for_each_other_are_told() -> None:
    gpu = EmulatedAccelerator(Emulation(ahead="none"))
    one, other = gpu.event(), gpu.event()
    gpu.record(one, "compute")
    gpu.record(other, "copy")
    gpu.synchronize()
    one.recorded += 1  # no order of calls makes it so: a wait is for a mark that is set already
    other.recorded += 1
    gpu.wait("compute", other)
    gpu.wait("copy", one)
    with pytest.raises(EmulationError, match="wait for each other"):
        gpu.synchronize()


def test_reading_back_into_another_size_is_told() -> None:
    gpu = EmulatedAccelerator()
    with pytest.raises(EmulationError, match="8 bytes are read back into 9"):
        gpu.read_back(gpu.empty(8, np.uint8), gpu.pinned(9))


# ---- arithmetic and the compiler ----


@pytest.mark.parametrize("shuffle", [0, 1])
def test_arithmetic_is_ieee(shuffle: int) -> None:
    known_answer.check(EmulatedAccelerator(Emulation(shuffle=shuffle)))


@pytest.mark.parametrize(
    ("right", "wrong", "operation"),
    [
        ("a[i] * b[i] + a[i]", "fmaf(a[i], b[i], a[i])", "fused multiply-add"),
        ("a[i] / b[i]", "a[i] * (1.0f / b[i])", "division"),
        ("sqrtf(a[i])", "a[i] * (1.0f / sqrtf(a[i]))", "square root"),
        ("a[i] * SMALLEST_NORMAL * 0.25f", "0.0f", "denormal numbers"),
    ],
)  # fmt: skip
def test_arithmetic_that_is_not_is_named(
    right: str, wrong: str, operation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import proof

    monkeypatch.setattr(
        known_answer, "SOURCE", proof.planted(known_answer.SOURCE, f"= {right};", f"= {wrong};", tmp_path)
    )
    with pytest.raises(PreflightError, match=operation):
        known_answer.check(EmulatedAccelerator())


@pytest.mark.parametrize("operation", ["atomicAdd(a, 1.0f)", "a[0] = __expf(a[0])", "a[0] = rsqrtf(a[0])",
                                       "a[0] = __fdividef(a[0], a[1])"])  # fmt: skip
def test_what_is_not_exact_does_not_compile(operation: str, tmp_path: Path) -> None:
    path = tmp_path / "tiny.cu"
    path.write_text(f'extern "C" __global__ void k(float *a)\n{{\n    {operation};\n}}\n')
    with pytest.raises(SimulationError, match="does not compile for the CPU"):
        EmulatedAccelerator().program(Source(path))


def test_without_a_compiler_the_hint_names_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/nowhere/g++")
    with pytest.raises(PreflightError, match="/nowhere/g\\+\\+ does not run") as error:
        build.library("// nothing", ())
    assert "install g++" in error.value.hint


def test_sanitizing_needs_a_process_that_has_the_sanitizer() -> None:
    gpu = EmulatedAccelerator(Emulation(sanitize=True))
    with pytest.raises(EmulationError, match="not started with the address sanitizer"):
        gpu.empty(1, np.uint8)
