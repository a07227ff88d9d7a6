"""The descriptors of the volume: what this is, how it is divided, that it is whole."""

from __future__ import annotations

import binascii
import struct

from render.disc.udf.layout import ANCHOR, CLUSTER, INTEGRITY, MAIN, PARTITION, RESERVE, SEQUENCE, Layout
from render.disc.udf.words import (
    BLOCK,
    CHARACTERS,
    DOMAIN,
    IMPLEMENTATION,
    REVISION,
    dstring,
    extent,
    identifier,
    long_ad,
    record,
    tagged,
    timestamp,
)

PHYSICAL, METADATA = 0, 1
"""The partitions, in the order of their maps."""
READ_ONLY = 1
CLOSED = 1


def recognition() -> list[bytes]:
    """The volume recognition sequence: from block 16 on, one descriptor a block (ECMA 2/9, 3/9.1)."""
    return [
        record(("StructureType", "B", 0), ("StandardIdentifier", "5s", name), ("StructureVersion", "B", 1))
        for name in (b"BEA01", b"NSR03", b"TEA01")
    ]


def anchor(place: int) -> bytes:
    """Where the volume descriptor sequences are (ECMA 3/10.2, UDF 2.2.3)."""
    main, reserve = extent(SEQUENCE, MAIN), extent(SEQUENCE, RESERVE)
    return tagged(2, place, record(("Main", "raw", main), ("Reserve", "raw", reserve), ("Reserved", "raw", bytes(480))))


def sequence(layout: Layout, label: str, when: int, first: int) -> list[bytes]:
    """A volume descriptor sequence, one descriptor a block (ECMA 3/8.4.2).

    Args:
        layout: where everything stands.
        label: the volume's name.
        when: seconds since the start of 1970.
        first: its first block.
    """
    bodies = [
        (1, _primary(label, when)), (4, _implementation_use(label)), (5, _partition(layout)),
        (6, _logical(layout, label)), (7, _unallocated()), (8, _terminating()),
    ]  # fmt: skip
    return [tagged(number, first + place, body) for place, (number, body) in enumerate(bodies)]


def integrity(layout: Layout, when: int) -> list[bytes]:
    """That the logical volume was left whole, and what it counts (ECMA 3/10.10, UDF 2.2.6); and the end of that."""
    counted = record(
        ("ImplementationID", "raw", IMPLEMENTATION),
        ("NumberOfFiles", "I", len(layout.files)),
        ("NumberOfDirectories", "I", len(layout.folders)),
        ("MinimumUDFReadRevision", "H", REVISION),
        ("MinimumUDFWriteRevision", "H", REVISION),
        ("MaximumUDFWriteRevision", "H", REVISION),
    )
    body = record(
        ("RecordingDateAndTime", "raw", timestamp(when)),
        ("IntegrityType", "I", CLOSED),
        ("NextIntegrityExtent", "raw", extent(0, 0)),
        ("LogicalVolumeContentsUse", "32s", struct.pack("<Q", layout.next_unique_id)),  # UDF 3.2.1
        ("NumberOfPartitions", "I", 2),
        ("LengthOfImplementationUse", "I", len(counted)),
        ("FreeSpaceTable", "raw", struct.pack("<II", 0, 0)),
        ("SizeTable", "raw", struct.pack("<II", layout.partition_blocks, layout.metadata_blocks)),
        ("ImplementationUse", "raw", counted),
    )
    return [tagged(9, INTEGRITY, body), tagged(8, INTEGRITY + 1, _terminating())]


def _primary(label: str, when: int) -> bytes:
    """The primary volume descriptor (ECMA 3/10.1, UDF 2.2.2)."""
    # Sets of volumes are told apart by the first 16 letters of their names (UDF 2.2.2.5): the time, and of the label.
    unique = f"{when & 0xFFFFFFFF:08X}{binascii.crc32(label.encode()):08X}"
    return record(
        ("VolumeDescriptorSequenceNumber", "I", 1),
        ("PrimaryVolumeDescriptorNumber", "I", 0),
        ("VolumeIdentifier", "raw", dstring(label, 32)),
        ("VolumeSequenceNumber", "H", 1),
        ("MaximumVolumeSequenceNumber", "H", 1),
        ("InterchangeLevel", "H", 2),  # of a single volume (ECMA 3/11.2)
        ("MaximumInterchangeLevel", "H", 2),
        ("CharacterSetList", "I", 1),  # CS0 alone
        ("MaximumCharacterSetList", "I", 1),
        ("VolumeSetIdentifier", "raw", dstring(unique + label, 128)),
        ("DescriptorCharacterSet", "raw", CHARACTERS),
        ("ExplanatoryCharacterSet", "raw", CHARACTERS),
        ("VolumeAbstract", "raw", extent(0, 0)),
        ("VolumeCopyrightNotice", "raw", extent(0, 0)),
        ("ApplicationIdentifier", "raw", bytes(32)),
        ("RecordingDateAndTime", "raw", timestamp(when)),
        ("ImplementationIdentifier", "raw", IMPLEMENTATION),
        ("ImplementationUse", "raw", bytes(64)),
        ("PredecessorVolumeDescriptorSequenceLocation", "I", 0),
        ("Flags", "H", 0),
        ("Reserved", "raw", bytes(22)),
    )


def _implementation_use(label: str) -> bytes:
    """The implementation use volume descriptor, with the name that people see (ECMA 3/10.4, UDF 2.2.7)."""
    return record(
        ("VolumeDescriptorSequenceNumber", "I", 2),
        ("ImplementationIdentifier", "raw", identifier(b"*UDF LV Info", struct.pack("<HBB", REVISION, 4, 0))),
        ("LVICharset", "raw", CHARACTERS),
        ("LogicalVolumeIdentifier", "raw", dstring(label, 128)),
        ("LVInfo1", "raw", bytes(36)),
        ("LVInfo2", "raw", bytes(36)),
        ("LVInfo3", "raw", bytes(36)),
        ("ImplementationID", "raw", IMPLEMENTATION),
        ("ImplementationUse", "raw", bytes(128)),
    )


def _partition(layout: Layout) -> bytes:
    """The partition descriptor (ECMA 3/10.5, UDF 2.2.14)."""
    return record(
        ("VolumeDescriptorSequenceNumber", "I", 3),
        ("PartitionFlags", "H", 1),  # its space is allocated
        ("PartitionNumber", "H", 0),
        ("PartitionContents", "raw", identifier(b"+NSR03")),
        ("PartitionContentsUse", "raw", bytes(128)),  # a partition header without tables of free space (ECMA 4/14.3)
        ("AccessType", "I", READ_ONLY),
        ("PartitionStartingLocation", "I", PARTITION),
        ("PartitionLength", "I", layout.partition_blocks),
        ("ImplementationIdentifier", "raw", IMPLEMENTATION),
        ("ImplementationUse", "raw", bytes(128)),
        ("Reserved", "raw", bytes(156)),
    )


def _logical(layout: Layout, label: str) -> bytes:
    """The logical volume descriptor (ECMA 3/10.6, UDF 2.2.4)."""
    maps = _physical_map() + _metadata_map(layout)
    return record(
        ("VolumeDescriptorSequenceNumber", "I", 4),
        ("DescriptorCharacterSet", "raw", CHARACTERS),
        ("LogicalVolumeIdentifier", "raw", dstring(label, 128)),
        ("LogicalBlockSize", "I", BLOCK),
        ("DomainIdentifier", "raw", DOMAIN),
        ("LogicalVolumeContentsUse", "raw", long_ad(BLOCK, 0, METADATA)),  # the file set descriptor (ECMA 4/3.1)
        ("MapTableLength", "I", len(maps)),
        ("NumberOfPartitionMaps", "I", 2),
        ("ImplementationIdentifier", "raw", IMPLEMENTATION),
        ("ImplementationUse", "raw", bytes(128)),
        ("IntegritySequenceExtent", "raw", extent(2, INTEGRITY)),
        ("PartitionMaps", "raw", maps),
    )


def _physical_map() -> bytes:
    """The partition as it lies on the disc (ECMA 3/10.7.2)."""
    return record(
        ("PartitionMapType", "B", 1), ("PartitionMapLength", "B", 6),
        ("VolumeSequenceNumber", "H", 1), ("PartitionNumber", "H", 0),
    )  # fmt: skip


def _metadata_map(layout: Layout) -> bytes:
    """The partition that is the inside of the metadata file (UDF 2.2.10)."""
    return record(
        ("PartitionMapType", "B", 2),
        ("PartitionMapLength", "B", 64),
        ("Reserved", "H", 0),
        ("PartitionTypeIdentifier", "raw", identifier(b"*UDF Metadata Partition", struct.pack("<H", REVISION))),
        ("VolumeSequenceNumber", "H", 1),
        ("PartitionNumber", "H", 0),
        ("MetadataFileLocation", "I", 0),
        ("MetadataMirrorFileLocation", "I", layout.mirror),
        ("MetadataBitmapFileLocation", "I", 0xFFFFFFFF),  # none: nothing is free
        ("AllocationUnitSize", "I", CLUSTER),
        ("AlignmentUnitSize", "H", CLUSTER),
        ("Flags", "B", 1),  # the mirror has data of its own
        ("Reserved", "raw", bytes(5)),
    )


def _unallocated() -> bytes:
    """The unallocated space descriptor: there is none (ECMA 3/10.8, UDF 2.2.5)."""
    return record(("VolumeDescriptorSequenceNumber", "I", 5), ("NumberOfAllocationDescriptors", "I", 0))


def _terminating() -> bytes:
    """The terminating descriptor (ECMA 3/10.9)."""
    return bytes(496)


def anchors(layout: Layout) -> list[int]:
    """The sectors with an anchor (ECMA 3/8.4.2.1, UDF 2.2.3)."""
    return [ANCHOR, layout.last - ANCHOR, layout.last]
