"""Keeping a job to its film's bit rate and medium, from the sizes of the segments that are done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from render.video import fit

if TYPE_CHECKING:
    from render.job.ledger import Record
    from render.job.plan import Plan
    from render.video.codec import Codec
    from render.video.cutting import Segment

SURE = 0.99
"""Segments have a format of their own; what they make is known to one in a hundred before they are joined."""


def codec_for(plan: Plan, records: dict[int, Record], segment: Segment) -> Codec | None:
    """The codec of a segment, with its bit rate; None while a segment whose size decides it is missing."""
    number = segment.number
    known = [records.get(earlier) for earlier in range(max(0, number + 1 - fit.LAG))]
    sizes = [record.bytes for record in known if record is not None]
    if len(sizes) < len(known):
        return None
    lengths = [each.frames for each in plan.segments[: number + 1]]
    return fit.steered(plan.preset.codec, plan.preset.picture, lengths, sizes)


def has_outgrown(plan: Plan, records: dict[int, Record]) -> bool:
    """Whether what is done is surely too much for the medium; the film itself is weighed when it is joined."""
    preset = plan.preset
    most = preset.most_bytes
    if most is None:
        return False
    done = [(record.frames, record.bytes) for record in records.values()]
    return fit.joined_bytes(preset.codec, preset.picture, preset.audio, done) * SURE > most
