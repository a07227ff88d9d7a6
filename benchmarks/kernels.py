"""What every CUDA kernel takes of a GPU, generation by generation, from compiling it; needs NVRTC and no GPU."""

from __future__ import annotations

import hashlib
import struct
import time
from collections import defaultdict
from dataclasses import asdict
from typing import Any

from benchmarks.kinds import KernelTable
from render.compute import known_answer, nvrtc
from render.compute.source import Source
from render.engines import continuous_gpu
from render.engines.cyclic import gpu as cyclic
from render.engines.excitable import gpu as excitable
from render.engines.gray_scott import gpu as gray_scott
from render.engines.life import gpu as life
from render.engines.particle_life import gpu as particle_life
from render.look.field import gpu as field
from render.look.finish import gpu as finish
from render.look.points import gpu as points
from render.look.points.paint import gpu as paint

Report = dict[str, Any]
SOURCES: dict[str, Source] = {
    "particle_life": particle_life.SOURCE, "gray_scott": gray_scott.SOURCE, "life": life.SOURCE,
    "excitable": excitable.SOURCE, "cyclic": cyclic.SOURCE, "continuous": continuous_gpu.SOURCE, "look": points.SOURCE,
    "paint": paint.SOURCE, "field": field.SOURCE, "finish": finish.SOURCE, "known_answer": known_answer.SOURCE,
}  # fmt: skip


def measure(case: KernelTable) -> Report:
    """Compile all sources for all architectures."""
    compiler = nvrtc.load()
    kernels: dict[str, Report] = defaultdict(dict)
    seconds, sizes = {}, {}
    for architecture in case.architectures:
        begin = time.perf_counter()
        for name, source in SOURCES.items():
            code, log = compiler.compile(source.text, source.path.name, architecture)
            taken, code_bytes = nvrtc.resources(log), section_sizes(code, ".text.")
            for kernel in source.kernels:
                entry = kernels[kernel]
                entry["source"] = name
                entry[architecture] = asdict(taken[kernel]) | {"code_bytes": code_bytes[kernel]}
            sizes[f"{name} {architecture}"] = len(code)
        seconds[architecture] = time.perf_counter() - begin
    results = {
        "kernels": dict(kernels),
        "most_registers": _most(kernels, "registers"),
        "spill_bytes": _most(kernels, "spill_bytes"),
        "stack_bytes": _most(kernels, "stack_bytes"),
        "compile_s": seconds,
        "cubin_bytes": sizes,
        "text_blake2b": {
            name: hashlib.blake2b(each.text.encode(), digest_size=16).hexdigest() for name, each in SOURCES.items()
        },
    }
    version = ".".join(str(number) for number in compiler.version)
    return {
        "config": {"nvrtc": version, "options": list(nvrtc.OPTIONS)},
        "threads": {"compiler": 1},
        "results": results,
    }


def _most(kernels: dict[str, Report], what: str) -> int:
    return max(int(taken[what]) for entry in kernels.values() for taken in entry.values() if isinstance(taken, dict))


def section_sizes(code: bytes, prefix: str) -> dict[str, int]:
    """Sizes of an ELF64 file's sections whose names begin so, by the rest of the name (System V ABI, "Sections")."""
    (table,), (size, count, names_at) = struct.unpack_from("<Q", code, 40), struct.unpack_from("<3H", code, 58)
    # Of each header: name, type, flags, address, offset, size.
    headers = [struct.unpack_from("<IIQQQQ", code, table + number * size) for number in range(count)]
    names = headers[names_at][4]
    found = {}
    for header in headers:
        begin = names + header[0]
        name = code[begin : code.index(b"\0", begin)].decode()
        if name.startswith(prefix):
            found[name.removeprefix(prefix)] = header[5]
    return found
