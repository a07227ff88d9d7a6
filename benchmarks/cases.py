"""The cases: what is measured, as data. ``measure.py`` says how, ``__main__.py`` runs them."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.kinds import (
    FEW,
    Automata,
    Case,
    EndToEnd,
    Fits,
    Forecasts,
    GpuCost,
    JobLayer,
    KernelTable,
    LongJob,
    Memory,
    Pipeline,
    Population,
    Rehearsal,
    Stages,
    Surveys,
    Sweep,
    Workers,
    Yardstick,
)

_YARDSTICK = Yardstick(
    "dvd_720x480",
    "CPU time per frame of the original's algorithm in NumPy and of render, over the same frames.",
    frames=1000,
    warm_up=500,
)
_END_TO_END = EndToEnd("dvd_video", "Frames a second of a finished DVD film.", frames=3000, warm_up=0)
_PIPELINE = Pipeline(
    "panoramic", "115,000 particles on 7680 x 2160 pixels, simulation and look.", frames=100, warm_up=1000
)
_MEMORY = Memory("memory", "Memory at frame 500 and at frame 20,000.", frames=20_000, warm_up=0)

_JOB_LAYER = JobLayer("job_layer", "What segments, digests, checkpoints and joining cost.", frames=0, warm_up=0)
_WORKERS = Workers("workers", "Frames a second by one, two and three workers.", frames=0, warm_up=0)
_LONG_JOB = LongJob("long_job", "Twenty minutes of DVD, watched and taken apart.", frames=35_964, warm_up=0)

_AUTOMATA = Automata("automata", "Cellular automata and colour.", frames=100, warm_up=150)

_STAGES = Stages("stages", "A DVD film's stages, each alone and all together.", frames=600, warm_up=500)
_SWEEPS = (
    Sweep(
        "sweep_particles",
        "A step of 2,500 to 1,000,000 particles at one density.",
        frames=8,
        warm_up=200,
        what="particles",
    ),
    Sweep("sweep_worlds", "Steps of up to 8,192 worlds at once.", frames=8, warm_up=200, what="worlds"),
    Sweep("sweep_pictures", "Frames from 480p to 7680 x 2160.", frames=30, warm_up=60, what="pictures"),
    Sweep(
        "sweep_threads", "A step of panoramic by threads.", frames=10, warm_up=100, what="threads", preset="panoramic"
    ),
)
_QUICK_SIZES: dict[str, tuple[int | tuple[int, int], ...]] = {
    "sweep_particles": (500, 2_500), "sweep_worlds": (1, 8), "sweep_pictures": ((320, 180), (640, 360)),
}  # fmt: skip

CASES: dict[str, Case] = {
    case.name: case
    for case in (
        _YARDSTICK,
        _END_TO_END,
        _PIPELINE,
        _MEMORY,
        _JOB_LAYER,
        _WORKERS,
        _LONG_JOB,
        _AUTOMATA,
        _STAGES,
        *_SWEEPS,
    )
}
ON_REQUEST: dict[str, Case] = {
    case.name: case
    for case in (
        KernelTable("kernels", "What each CUDA kernel takes of a GPU; needs NVRTC.", frames=0, warm_up=0),
        GpuCost("gpu_cost", "What a frame should cost on a GPU, derived; runs on none.", frames=0, warm_up=0),
        Forecasts("forecasts", "What render probe foretells, and what comes.", frames=0, warm_up=0),
        Fits("fits", "How well whole films fill a size; takes half an hour.", frames=0, warm_up=0),
        Rehearsal(
            "disc_rehearsal",
            "Two hours for a DVD, from preset to verified image; takes half an hour.",
            frames=0,
            warm_up=0,
        ),
        Surveys(
            "surveys", "Universes found, laws that come to rest, seed 480; takes half an hour.", frames=0, warm_up=0
        ),
    )
}
"""Cases that run only when they are named: they measure nothing of this machine's speed."""
QUICK: dict[str, Case] = {
    case.name: case
    for case in (
        replace(_YARDSTICK, frames=100, warm_up=100, block=20),
        replace(_END_TO_END, frames=300, repeats=1),
        replace(_PIPELINE, frames=10, warm_up=10, repeats=1),
        replace(_MEMORY, frames=2_000),
        replace(_JOB_LAYER, films=(("dvd_video", 600),), repeats=1),
        replace(_WORKERS, films=(("dvd_video", 360),), repeats=1),
        replace(_LONG_JOB, frames=1_800),
        replace(_AUTOMATA, frames=4, warm_up=2, sizes=((64, 48),)),
        replace(_STAGES, frames=20, warm_up=5, rounds=1),
        *(
            replace(case, frames=2, warm_up=5, rounds=2, sizes=_QUICK_SIZES.get(case.name, ()), preset="dvd_video")
            for case in _SWEEPS
        ),
        *ON_REQUEST.values(),
        Forecasts("forecasts", ON_REQUEST["forecasts"].about, frames=0, warm_up=0, films=(("dvd_video", 0.01, 10),)),
        Fits("fits", ON_REQUEST["fits"].about, frames=0, warm_up=0, films=(("dvd_video", "60s", "40MB", ()),)),
        Rehearsal("disc_rehearsal", ON_REQUEST["disc_rehearsal"].about, frames=0, warm_up=0, length="30s", fit="20MB"),
        Surveys(
            "surveys",
            ON_REQUEST["surveys"].about,
            frames=0,
            warm_up=0,
            sheet=False,
            populations=(Population("seeds", "dvd_video", FEW, (478, 482), 240, watched=(480,)),),
        ),
    )
}
"""The same cases, cut short: for a look at whether it all works, not for figures."""
