"""Random numbers: known answers from the papers' algorithms, ranges, and independence of how many are drawn."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from render.compute import streams
from render.compute.streams import SEED_LIMIT, DocumentGenerator

quick = settings(deadline=None, max_examples=60)
seeds = st.integers(0, SEED_LIMIT - 1)
names = st.sampled_from(["matrix", "species", "x", "y", "along", "dither", "a stream"])
WORD = 2**64


def split_mix(state: int, count: int) -> list[int]:
    """SplitMix64 as figure 17 of the paper has it: a counter, and a mix of it."""
    drawn = []
    for _ in range(count):
        state = (state + 0x9E3779B97F4A7C15) % WORD
        mixed = state
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 % WORD
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB % WORD
        drawn.append(mixed ^ (mixed >> 31))
    return drawn


def key(seed: int, name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8"), key=seed.to_bytes(8, "little"), digest_size=8).digest()
    return sum(byte << 8 * place for place, byte in enumerate(digest))


@pytest.mark.parametrize(
    ("state", "published"),
    [
        (0, [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]),
        (
            1234567,
            [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821],
        ),
    ],
)
def test_words_are_split_mix_64_as_published(state: int, published: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    assert split_mix(state, len(published)) == published  # the reference of this file is right
    assert [streams.mix((state + place * streams.GOLDEN) % WORD) for place in range(1, len(published) + 1)] == published
    monkeypatch.setattr(streams, "stream_key", lambda seed, name: state)
    assert streams.words(0, "any", len(published)).tolist() == published


@pytest.mark.parametrize(
    ("seed", "name", "golden"),
    [
        (480, "matrix", [0x82AE172375887089, 0x350F1B9900709569, 0x63E1A2C4F9E3BDBE]),
        (0, "x", [0x1989F04ECFE29E59, 0x87B591A4ABEFE338, 0x422E7F7620583AD1]),
        (SEED_LIMIT - 1, "species", [0x80A535AFA9F6FEAD, 0x0482B0EB1E1F762C, 0x6C38D6D932194856]),
    ],
)
def test_streams_never_change(seed: int, name: str, golden: list[int]) -> None:
    assert streams.words(seed, name, 3).tolist() == golden


@quick
@given(seeds, names, st.integers(0, 70))
def test_words_are_split_mix_64_of_the_streams_key(seed: int, name: str, count: int) -> None:
    assert streams.stream_key(seed, name) == key(seed, name)
    drawn = streams.words(seed, name, count)
    assert drawn.dtype == np.uint64
    assert drawn.tolist() == split_mix(key(seed, name), count)


@quick
@given(seeds, names, st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
@example(1, "x", 0, 5, 0)
def test_a_number_depends_on_its_index_alone(seed: int, name: str, first: int, count: int, more: int) -> None:
    whole = streams.words(seed, name, first + count + more)
    assert np.array_equal(streams.words(seed, name, count, first), whole[first : first + count])
    floats = streams.uniform(seed, name, first + count + more)
    assert np.array_equal(streams.uniform(seed, name, count, first), floats[first : first + count])
    kinds = streams.below(seed, name, first + count + more, 7)
    assert np.array_equal(streams.below(seed, name, count, 7), kinds[:count])


def test_numbers_do_not_depend_on_what_was_drawn_before() -> None:
    wanted = streams.words(5, "x", 9)
    np.random.default_rng(3).random(11)
    streams.words(5, "y", 100)
    streams.DocumentGenerator(5).random(3)
    assert np.array_equal(streams.words(5, "x", 9), wanted)


def test_seeds_and_names_make_streams_of_their_own() -> None:
    firsts = {int(streams.words(seed, name, 1)[0]) for seed in range(50) for name in ("x", "y", "xy", "")}
    assert len(firsts) == 200


@pytest.mark.parametrize("first", [2**32, 2**63, 2**64 - 100])
def test_far_along_a_stream_there_are_numbers_too(first: int) -> None:
    state = (key(9, "x") + first * 0x9E3779B97F4A7C15) % WORD
    assert streams.words(9, "x", 5, first).tolist() == split_mix(state, 5)


@quick
@given(seeds, names, st.integers(1, 300))
def test_uniform_is_the_upper_24_bits_exactly(seed: int, name: str, count: int) -> None:
    drawn = streams.uniform(seed, name, count)
    assert drawn.dtype == np.float32
    assert (drawn >= 0).all()
    assert (drawn < 1).all()
    assert [int(value * 2**24) for value in drawn.tolist()] == [
        word >> 40 for word in split_mix(key(seed, name), count)
    ]


def test_uniform_reaches_the_ends_of_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "words", lambda *_: np.array([0, WORD - 1, 2**40 - 1, 2**40], np.uint64))
    assert streams.uniform(0, "x", 4).tolist() == [0.0, 1 - 2**-24, 0.0, 2**-24]


@quick
@given(seeds, names, st.integers(1, 100), st.integers(1, 2**32))
@example(0, "x", 3, 1)
@example(0, "x", 3, 2**32)
def test_below_is_multiply_and_shift(seed: int, name: str, count: int, limit: int) -> None:
    drawn = streams.below(seed, name, count, limit)
    assert drawn.dtype == np.int64
    assert drawn.tolist() == [(word >> 32) * limit >> 32 for word in split_mix(key(seed, name), count)]
    assert 0 <= drawn.min() <= drawn.max() < limit


def test_below_reaches_the_ends_of_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "words", lambda *_: np.array([0, WORD - 1], np.uint64))
    for limit in (1, 2, 5, 32, 2**32):
        assert streams.below(0, "x", 2, limit).tolist() == [0, limit - 1]


def test_numbers_are_spread_evenly() -> None:
    count, boxes = 100_000, 50
    for drawn in (streams.below(480, "species", count, boxes), (streams.uniform(480, "x", count) * boxes).astype(int)):
        found = np.bincount(drawn, minlength=boxes)
        chi_squared = float(((found - count / boxes) ** 2 / (count / boxes)).sum())
        assert 20 < chi_squared < 95  # 49 degrees of freedom: 1 in 10,000 on either side


# Seeds


@pytest.mark.parametrize(
    ("seed", "number"),
    [
        (0, 0),
        (480, 480),
        (SEED_LIMIT - 1, SEED_LIMIT - 1),
        ("hello", 9022087748821825191),
        ("Ångström", 3264180928638663386),
    ],
)
def test_the_number_of_a_seed(seed: int | str, number: int) -> None:
    assert streams.seed_number(seed) == number


@quick
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=200))
@example("480")
def test_a_word_is_the_first_63_bits_of_its_digest(word: str) -> None:
    digest = hashlib.blake2b(word.encode("utf-8"), digest_size=8).digest()
    number = sum(byte << 8 * place for place, byte in enumerate(digest)) & (2**63 - 1)
    assert streams.seed_number(word) == number
    assert 0 <= number < SEED_LIMIT


def test_the_word_480_is_not_the_number_480() -> None:
    assert streams.seed_number("480") != 480


# PCG64 in the order of the original script

draws = st.one_of(
    st.tuples(st.just("random"), st.integers(0, 9)),
    st.tuples(st.just("integers"), st.integers(2, 2**32) | st.integers(2, 40) | st.just(2**31 + 1), st.integers(0, 9)),
    st.tuples(st.just("uniform"), st.sampled_from([(-1.0, 1.0), (0.0, 1.0), (-3.5, 11.0)]), st.integers(0, 9)),
)


def both(seed: int, sequence: list[Any]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Each draw by the document generator and by NumPy's own."""
    ours, numpys = DocumentGenerator(seed), np.random.default_rng(seed)
    drawn: list[tuple[np.ndarray, np.ndarray]] = []
    for kind, *how in sequence:
        if kind == "random":
            drawn.append((ours.random(how[0]), numpys.random(how[0])))
        elif kind == "integers":
            drawn.append((ours.integers(how[0], how[1]), numpys.integers(how[0], size=how[1])))
        else:
            (low, high), count = how
            drawn.append((ours.uniform(low, high, count), numpys.uniform(low, high, count)))
    return drawn


@settings(deadline=None, max_examples=200)
@given(seeds, st.lists(draws, max_size=6))
@example(480, [("random", 7), ("integers", 5, 3), ("uniform", (-1.0, 1.0), 4)])
@example(480, [("integers", 5, 3), ("random", 1), ("integers", 5, 4), ("integers", 7, 1)])
@example(480, [("integers", 2**32, 3), ("integers", 2**31 + 1, 9)])
@example(480, [("integers", 5, 0), ("integers", 5, 1), ("integers", 5, 0), ("integers", 5, 1)])
@example(SEED_LIMIT - 1, [("random", 3)])
def test_draws_are_those_of_default_rng_in_any_order(seed: int, sequence: list[Any]) -> None:
    for ours, numpys in both(seed, sequence):
        assert ours.dtype == numpys.dtype
        assert ours.tolist() == numpys.tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 2499, 2500, 2501])
@pytest.mark.parametrize("kinds", [2, 3, 5, 8, 32])
def test_random_then_integers_then_uniform_as_the_original_script_draws(count: int, kinds: int) -> None:
    sequence = [("random", 2 * count), ("integers", kinds, count), ("uniform", (-1.0, 1.0), kinds * kinds)]
    for ours, numpys in both(480, sequence):
        assert np.array_equal(ours, numpys)


def test_one_species_costs_no_draw_as_in_numpy() -> None:
    for ours, numpys in both(480, [("integers", 1, 3), ("uniform", (-1.0, 1.0), 1), ("integers", 5, 4)]):
        assert ours.tolist() == numpys.tolist()


def test_the_universe_of_seed_480_never_changes() -> None:
    generator = DocumentGenerator(480)
    assert generator.random(5000)[:4].tolist() == [
        0.7417778346640581,
        0.620016475213132,
        0.4121372393900573,
        0.9762614506368151,
    ]
    assert generator.integers(5, 2500)[:12].tolist() == [3, 0, 2, 2, 1, 2, 3, 0, 2, 3, 1, 2]
    assert generator.uniform(-1.0, 1.0, 25)[:5].tolist() == [
        0.15619031250928606,
        0.6124042576290023,
        0.3139737795930071,
        -0.4621715781998659,
        0.8653002450224037,
    ]
