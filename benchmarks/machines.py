"""Constants of the cost model, each with where it comes from. Nothing here was measured by this project on a GPU."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Machine:
    """A GPU, and the host it sits in.

    Attributes:
        multiprocessors, clock_ghz: of the data sheet; the clock is the highest boost.
        schedulers: warp schedulers of a multiprocessor; each issues one instruction a clock.
        memory_gb_s: what copies reach.
        atomics_g_s: 32-bit additions to memory in the second-level cache, in billions a second.
        read_back_gb_s: from the GPU to page-locked memory.
        sources: where the figures come from, by attribute.
    """

    name: str
    multiprocessors: int
    clock_ghz: float
    memory_gb_s: float
    atomics_g_s: float
    read_back_gb_s: float
    sources: dict[str, str]
    schedulers: int = 4


_ATOMICS = "assumed, from 20 to 30 us for 2.9 million on a data-centre GPU; scaled by multiprocessors and clock"
MACHINES = (
    Machine(
        "H200", 132, 1.98, 4300, 120, 55,
        {
            "multiprocessors, clock_ghz": "NVIDIA H200 (SXM) data sheet and Hopper tuning guide",
            "memory_gb_s": "copies measured elsewhere; the data sheet says 4,800",
            "atomics_g_s": _ATOMICS,
            "read_back_gb_s": "PCIe 5.0 x16, 63 GB/s on the wire; some 55 are usual",
        },
    ),
    Machine(
        "RTX 4090", 128, 2.52, 920, 120, 25,
        {
            "multiprocessors, clock_ghz": "NVIDIA Ada architecture white paper",
            "memory_gb_s": "white paper: 1,008; copies usually reach nine tenths of it",
            "atomics_g_s": _ATOMICS,
            "read_back_gb_s": "PCIe 4.0 x16, 31.5 GB/s on the wire; some 25 are usual",
        },
    ),
    Machine(
        "T4", 40, 1.59, 260, 25, 12,
        {
            "multiprocessors, clock_ghz": "NVIDIA T4 data sheet; under load its 70 W keep it below that clock",
            "memory_gb_s": "data sheet: 320; copies usually reach eight tenths of it",
            "atomics_g_s": _ATOMICS,
            "read_back_gb_s": "PCIe 3.0 x16, 15.8 GB/s on the wire; some 12 are usual",
        },
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Instructions:
    """Instructions a warp issues in the kernels that step particles; the same loops for 1, 8 and 32 lanes.

    Attributes:
        candidate: for each pair that is looked at: load, distance, comparison; a quarter of the unrolled loop.
        in_range: more, where any thread's pair is in range: root, quotient, force, rounding; the slow paths of root
            and quotient, for denormal numbers, are not in it.
        part: for each run of neighbouring cells. row: for each row of cells. thread: once.
        gather: adding up the lanes of a particle, by lanes.
        develop_quad: for four pixels in `develop`, without dither.
    """

    candidate: float = 14.5
    in_range: int = 47
    part: int = 66
    row: int = 19
    thread: int = 115
    gather: tuple[tuple[int, int], ...] = ((1, 0), (8, 28), (32, 46))
    develop_quad: int = 110
    source: str = "counted once in `cuobjdump -sass` of the sm_90 machine code from NVRTC 12.9"


@dataclass(frozen=True)
class Habits:
    """What holds for every GPU, in microseconds; assumed."""

    node_us: float = 2.0
    node_source: str = "assumed: the shortest kernel in a graph, with the gap to the next one and one trip to memory"
    issue_share: float = 0.6
    issue_source: str = "assumed: share of the clocks in which a scheduler with enough warps issues"
    alone_clocks: float = 6.0
    alone_source: str = "assumed: clocks for an instruction of a warp that has its scheduler for itself"
    tile_us: float = 1.5
    tile_source: str = "assumed: a tile of 1,024 cells in the scan, two barriers and a trip to memory"
    launch_us: float = 6.5
    launch_source: str = "assumed: a launch through CuPy on the host; 60 to 70 us for nine were estimated"
    graph_us: float = 10.0
    graph_source: str = "assumed: launching a graph, on the host"
    pipe_gb_s: float = 3.0
    pipe_source: str = "measured elsewhere: os.write into a pipe to ffmpeg, two cores of an EPYC processor"
    wide_encoder_ms: float = 1020.0
    wide_encoder_source: str = "measured elsewhere: CPU time of x264 `medium` for a frame of 7680 x 2160, an EPYC core"
