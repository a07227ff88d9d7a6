"""The inside of the metadata file: the file set, the entries of files and folders, what folders list."""

from __future__ import annotations

from render.disc.udf.layout import (
    CLUSTER,
    IN_CONTINUATION,
    IN_ENTRY,
    LONGEST_EXTENT,
    METADATA,
    Layout,
    blocks,
)
from render.disc.udf.tree import File, Folder
from render.disc.udf.volume import METADATA as METADATA_PARTITION
from render.disc.udf.volume import PHYSICAL
from render.disc.udf.words import (
    BLOCK,
    CHARACTERS,
    DOMAIN,
    IMPLEMENTATION,
    compressed,
    dstring,
    long_ad,
    record,
    short_ad,
    tagged,
    timestamp,
)

FOLDER, FILE, METADATA_FILE, METADATA_MIRROR = 4, 5, 250, 251
"""File types (ECMA 4/14.6.6, UDF 2.2.13)."""
SHORT, LONG = 0, 1
"""Kinds of allocation descriptors, in an ICB tag's flags (ECMA 4/14.6.8)."""
CONTINUED = 3 << 30
"""An extent of more allocation descriptors (ECMA 4/14.14.1.1)."""
READ, READ_AND_ENTER = 0b00100_00100_00100, 0b00101_00101_00101
"""Permissions of owner, group and others (ECMA 4/14.9.5)."""
IS_FOLDER, IS_PARENT = 2, 8
"""File characteristics (ECMA 4/14.4.3)."""
NOBODY = 0xFFFFFFFF
"""No user and no group in particular (UDF 2.3.6)."""


def _icb_tag(kind: int, ads: int) -> bytes:
    """What sort of file an entry is for (ECMA 4/14.6, UDF 2.3.5)."""
    return record(
        ("PriorRecordedNumberOfDirectEntries", "I", 0),
        ("StrategyType", "H", 4),
        ("StrategyParameter", "H", 0),
        ("MaximumNumberOfEntries", "H", 1),
        ("Reserved", "B", 0),
        ("FileType", "B", kind),
        ("ParentICBLocation", "raw", bytes(6)),
        ("Flags", "H", ads),
    )


def _entry(
    place: int, kind: int, size: int, ads: bytes, form: int, when: int, *, unique_id: int, links: int, permissions: int
) -> bytes:
    """An extended file entry (ECMA 4/14.17, UDF 2.3.6)."""
    moment = timestamp(when)
    body = record(
        ("ICBTag", "raw", _icb_tag(kind, form)),
        ("Uid", "I", NOBODY),
        ("Gid", "I", NOBODY),
        ("Permissions", "I", permissions),
        ("FileLinkCount", "H", links),
        ("RecordFormat", "B", 0),
        ("RecordDisplayAttributes", "B", 0),
        ("RecordLength", "I", 0),
        ("InformationLength", "Q", size),
        ("ObjectSize", "Q", size),
        ("LogicalBlocksRecorded", "Q", blocks(size)),
        ("AccessTime", "raw", moment),
        ("ModificationTime", "raw", moment),
        ("CreationTime", "raw", moment),
        ("AttributeTime", "raw", moment),
        ("Checkpoint", "I", 1),
        ("Reserved", "I", 0),
        ("ExtendedAttributeICB", "raw", bytes(16)),
        ("StreamDirectoryICB", "raw", bytes(16)),
        ("ImplementationIdentifier", "raw", IMPLEMENTATION),
        ("UniqueID", "Q", unique_id),
        ("LengthOfExtendedAttributes", "I", 0),
        ("LengthOfAllocationDescriptors", "I", len(ads)),
        ("AllocationDescriptors", "raw", ads),
    )
    return tagged(266, place, body)


def metadata_entry(layout: Layout, when: int, *, mirror: bool) -> bytes:
    """The entry of the metadata file or of its mirror, which stands in the partition itself (UDF 2.2.13.1)."""
    size = layout.metadata_blocks * BLOCK
    place, content = (layout.mirror, layout.mirror_metadata) if mirror else (0, METADATA)
    assert content % CLUSTER == 0
    return _entry(
        place, METADATA_MIRROR if mirror else METADATA_FILE, size, short_ad(size, content), SHORT, when,
        unique_id=0, links=0, permissions=0,
    )  # fmt: skip


def file_set(layout: Layout, label: str, when: int) -> bytes:
    """The file set descriptor, which knows the root (ECMA 4/14.1, UDF 2.3.2)."""
    root = layout.folders[id(layout.root)]
    body = record(
        ("RecordingDateAndTime", "raw", timestamp(when)),
        ("InterchangeLevel", "H", 3),
        ("MaximumInterchangeLevel", "H", 3),
        ("CharacterSetList", "I", 1),
        ("MaximumCharacterSetList", "I", 1),
        ("FileSetNumber", "I", 0),
        ("FileSetDescriptorNumber", "I", 0),
        ("LogicalVolumeIdentifierCharacterSet", "raw", CHARACTERS),
        ("LogicalVolumeIdentifier", "raw", dstring(label, 128)),
        ("FileSetCharacterSet", "raw", CHARACTERS),
        ("FileSetIdentifier", "raw", dstring(label, 32)),
        ("CopyrightFileIdentifier", "raw", bytes(32)),
        ("AbstractFileIdentifier", "raw", bytes(32)),
        ("RootDirectoryICB", "raw", long_ad(BLOCK, root.entry, METADATA_PARTITION)),
        ("DomainIdentifier", "raw", DOMAIN),
        ("NextExtent", "raw", bytes(16)),
        ("SystemStreamDirectoryICB", "raw", bytes(16)),
        ("Reserved", "raw", bytes(32)),
    )
    return tagged(256, 0, body)


def _file_identifier(name: str, characteristics: int, entry: int, unique_id: int, place: int) -> bytes:
    """A line of a folder's listing (ECMA 4/14.4, UDF 2.3.4)."""
    text = compressed(name) if name else b""
    body = record(
        ("FileVersionNumber", "H", 1),
        ("FileCharacteristics", "B", characteristics),
        ("LengthOfFileIdentifier", "B", len(text)),
        ("ICB", "raw", long_ad(BLOCK, entry, METADATA_PARTITION, unique_id)),
        ("LengthOfImplementationUse", "H", 0),
        ("FileIdentifier", "raw", text),
    )
    return tagged(257, place, body + bytes(-len(body) % 4))  # the tag before it is 16 bytes


def _listing(layout: Layout, folder: Folder, parent: Folder) -> bytes:
    """All that a folder lists: its parent, then what is in it."""
    above, here = layout.folders[id(parent)], layout.folders[id(folder)]
    lines = [("", IS_FOLDER | IS_PARENT, above.entry, above.unique_id)]
    for child in folder.folders:
        place = layout.folders[id(child)]
        lines.append((child.name, IS_FOLDER, place.entry, place.unique_id))
    for file in folder.files:
        where = layout.files[id(file)]
        lines.append((file.name, 0, where.entry, where.unique_id))
    found = b""
    for name, characteristics, entry, unique_id in lines:
        # A line's tag says in which block it begins, and lines go across blocks.
        found += _file_identifier(name, characteristics, entry, unique_id, here.listing + len(found) // BLOCK)
    assert len(found) == here.listing_bytes
    return found


def _file_extents(layout: Layout, file: File) -> list[bytes]:
    block, rest, found = layout.files[id(file)].data, file.size, []
    while rest:
        length = min(rest, LONGEST_EXTENT)
        found.append(long_ad(length, block, PHYSICAL))
        block, rest = block + blocks(length), rest - length
    return found


def _file(layout: Layout, file: File, when: int) -> list[tuple[int, bytes]]:
    """A file's entry, and blocks with more allocation descriptors where it has no room for all (ECMA 4/14.5)."""
    place, rest = layout.files[id(file)], _file_extents(layout, file)
    groups: list[tuple[int, list[bytes]]] = []
    for number, block in enumerate((place.entry, *place.continuations)):
        room = IN_ENTRY if number == 0 else IN_CONTINUATION
        here, rest = (rest, []) if len(rest) <= room else (rest[: room - 1], rest[room - 1 :])
        if rest:
            here = [*here, long_ad(CONTINUED | BLOCK, place.continuations[number], METADATA_PARTITION)]
        groups.append((block, here))
    assert not rest
    (_, own), *continued = groups
    entry = _entry(
        place.entry, FILE, file.size, b"".join(own), LONG, when,
        unique_id=place.unique_id, links=1, permissions=READ,
    )  # fmt: skip
    found = [(place.entry, entry)]
    for block, group in continued:
        ads = b"".join(group)
        body = record(
            ("PreviousAllocationExtentLocation", "I", 0),  # not used (UDF 2.3.11)
            ("LengthOfAllocationDescriptors", "I", len(ads)),
            ("AllocationDescriptors", "raw", ads),
        )
        found.append((block, tagged(258, block, body)))
    return found


def metadata(layout: Layout, label: str, when: int) -> bytes:
    """The metadata file."""
    content = bytearray(layout.metadata_blocks * BLOCK)

    def put(block: int, data: bytes) -> None:
        content[block * BLOCK : block * BLOCK + len(data)] = data

    def descend(folder: Folder, parent: Folder) -> None:
        place = layout.folders[id(folder)]
        put(place.listing, _listing(layout, folder, parent))
        # Its line in its parent's listing, and the line for the parent in each folder below.
        entry = _entry(
            place.entry, FOLDER, place.listing_bytes, short_ad(place.listing_bytes, place.listing), SHORT, when,
            unique_id=place.unique_id, links=1 + len(folder.folders), permissions=READ_AND_ENTER,
        )  # fmt: skip
        put(place.entry, entry)
        for file in folder.files:
            for block, data in _file(layout, file, when):
                put(block, data)
        for child in folder.folders:
            descend(child, folder)

    put(0, file_set(layout, label, when))
    descend(layout.root, layout.root)
    return bytes(content)
