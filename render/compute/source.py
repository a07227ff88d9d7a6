"""CUDA sources: real ``.cu`` files beside their callers, with what Python and CUDA must agree on put before them.

Constants and the layout of parameter structures are written once, in Python; the prelude hands them over, so that the two
sides cannot drift apart. ``#line`` makes compilers complain about the file a reader knows.
"""

from __future__ import annotations

import re
import typing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_C_TYPES = {np.int32: "int", np.uint32: "u32", np.int64: "i64", np.uint64: "u64", np.float32: "float"}
_TYPEDEFS = "typedef unsigned char u8; typedef unsigned short u16; typedef unsigned int u32;\n" + (
    "typedef long long i64; typedef unsigned long long u64;\n"
)
_ENTRY = re.compile(r'extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)\s*\(')


@dataclass(frozen=True)
class Source:
    """A ``.cu`` file and what it takes from Python.

    Attributes:
        path: the file.
        structs: NamedTuples of NumPy scalars that kernels take by value, defined under their own names.
        defines: names of constants and their values: int, or a NumPy scalar for another type.
    """

    path: Path
    structs: tuple[type[Any], ...] = ()
    defines: tuple[tuple[str, int | np.generic], ...] = ()

    @cached_property
    def text(self) -> str:
        """What is compiled."""
        return self.with_body(self.path.read_text(encoding="utf-8"))

    def with_body(self, body: str) -> str:
        """The prelude before a text that stands in for the file's own."""
        defines = "".join(f"#define {name} {literal(value)}\n" for name, value in self.defines)
        structs = "".join(_struct_text(struct) for struct in self.structs)
        return f'{_TYPEDEFS}{defines}{structs}#line 1 "{self.path.name}"\n{body}'

    @cached_property
    def kernels(self) -> tuple[str, ...]:
        """Names of the kernels, in the file's order."""
        return tuple(_ENTRY.findall(self.path.read_text(encoding="utf-8")))


def literal(value: int | np.generic) -> str:
    """A constant as C++ writes it, exactly.

    Raises:
        TypeError: kernels have no constants of this type.
    """
    if isinstance(value, np.float32) and np.isfinite(value):
        return f"{float(value).hex()}f"
    if not isinstance(value, (int, np.integer)):
        raise TypeError(f"{value!r} is no constant for a kernel")
    suffix = {np.uint32: "u", np.uint64: "ull", np.int64: "ll"}.get(type(value), "")
    return f"({int(value)}{suffix})"


def struct(value: Any) -> NDArray[Any]:
    """A NamedTuple of NumPy scalars as a kernel takes it by value: a structured array of no dimensions."""
    fields = [(name, type_) for name, type_ in _fields(type(value))]
    return np.array(tuple(value), np.dtype(fields, align=True))


def _struct_text(struct_: type[Any]) -> str:
    lines = "".join(f"    {_C_TYPES[type_]} {name};\n" for name, type_ in _fields(struct_))
    return f"struct {struct_.__name__} {{\n{lines}}};\n"


def _fields(struct_: type[Any]) -> list[tuple[str, type[Any]]]:
    return list(typing.get_type_hints(struct_).items())
