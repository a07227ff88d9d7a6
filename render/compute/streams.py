"""Random numbers as a function of (seed, stream name, index), in integers.

No global generator and no hidden state: the same arguments give the same numbers on every machine, whatever
was drawn before and however many workers draw. The mixer is SplitMix64 (Steele, Lea, Flood, "Fast splittable
pseudorandom number generators", OOPSLA 2014, figure 17).

:class:`DocumentGenerator` is the exception the four original presets need: they draw from PCG64 in one fixed
order, so that their seeds keep naming the universes they always named.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

GOLDEN = 0x9E3779B97F4A7C15
_WORD = 2**64 - 1
SEED_LIMIT = 2**63


def seed_number(seed: int | str) -> int:
    """The integer a seed stands for: itself, or for a word the first 63 bits of its BLAKE2b digest."""
    if isinstance(seed, int):
        return seed
    digest = hashlib.blake2b(seed.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") % SEED_LIMIT


def stream_key(seed: int, name: str) -> int:
    """The 64-bit key of a named stream of a seed."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, key=seed.to_bytes(8, "little")).digest()
    return int.from_bytes(digest, "little")


def mix(value: int) -> int:
    """SplitMix64's output function on one 64-bit integer."""
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _WORD
    return value ^ (value >> 31)


def words(seed: int, name: str, count: int, first: int = 0) -> NDArray[np.uint64]:
    """Numbers ``first`` to ``first + count`` of a stream, uint64 [count]."""
    index = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    value = index * np.uint64(GOLDEN) + np.uint64(stream_key(seed, name))
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


def uniform(seed: int, name: str, count: int, first: int = 0) -> NDArray[np.float32]:
    """Numbers in [0, 1) on a grid of 2^-24, exact in float32 [count]."""
    return (words(seed, name, count, first) >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)


def below(seed: int, name: str, count: int, limit: int) -> NDArray[np.int64]:
    """Integers in [0, limit) by multiply and shift, int64 [count]; ``limit`` is at most 2^32."""
    high = words(seed, name, count) >> np.uint64(32)
    return ((high * np.uint64(limit)) >> np.uint64(32)).astype(np.int64)


class DocumentGenerator:
    """What ``numpy.random.default_rng(seed)`` draws, rebuilt on the raw PCG64 stream.

    NumPy promises that a bit generator's raw stream never changes, but not what ``Generator`` makes of it
    (NEP 19). So the three draws the original presets need are spelled out here.
    """

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)
        self._half = np.empty(0, np.uint64)

    def random(self, count: int) -> NDArray[np.float64]:
        """float64 [count] in [0, 1): the upper 53 bits of a word."""
        return (self._bits.random_raw(count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, limit: int, count: int) -> NDArray[np.int64]:
        """int64 [count] in [0, limit): Lemire's method on 32-bit halves, the low half first."""
        if limit == 1:  # nothing to decide, nothing drawn
            return np.zeros(count, np.int64)
        threshold = np.uint64((2**32 - limit) % limit)
        accepted = np.empty(0, np.int64)
        while len(accepted) < count:
            missing = count - len(accepted)
            raw = self._bits.random_raw((missing - len(self._half) + 1) // 2)
            fresh = np.stack([raw & np.uint64(0xFFFFFFFF), raw >> np.uint64(32)], axis=1).ravel()
            halves = np.concatenate([self._half, fresh])
            self._half, halves = halves[missing:], halves[:missing]
            product = halves * np.uint64(limit)
            good = (product & np.uint64(0xFFFFFFFF)) >= threshold
            accepted = np.concatenate([accepted, (product[good] >> np.uint64(32)).astype(np.int64)])
        return accepted

    def uniform(self, low: float, high: float, count: int) -> NDArray[np.float64]:
        """float64 [count] in [low, high)."""
        return low + (high - low) * self.random(count)
