"""Where everything stands in an image: pure arithmetic over a tree, before a byte is written."""

from __future__ import annotations

from dataclasses import dataclass, field

from render.disc.udf.tree import File, Folder
from render.disc.udf.words import BLOCK, compressed
from render.errors import UsageError

CLUSTER = 32
"""Blocks of a Blu-ray disc's ECC cluster, 64 KiB: what a drive reads and corrects at once. Extents begin on one."""
SEQUENCE, MAIN, RESERVE = 16, 32, 48
"""Blocks of a volume descriptor sequence (the least of UDF 2.2.3.1), and where the two begin."""
INTEGRITY = 64
ANCHOR = 256
"""A sector that has an anchor; the others are the last one, and the one so many before it (ECMA 3/8.4.2.1)."""
PARTITION = 288
"""Where the partition begins: the first cluster after the anchor."""
METADATA = CLUSTER
"""The metadata file's first block in the partition; its entry stands in block 0."""
MOST_BLOCKS = 1 << 32
"""Blocks are counted in 32 bits (ECMA 4/7.1)."""

ENTRY = 216
"""Bytes of an extended file entry before its allocation descriptors (ECMA 4/14.17)."""
NAMELESS = 38
"""Bytes of a file identifier descriptor before its name (ECMA 4/14.4)."""
LONGEST_EXTENT = (1 << 30) - BLOCK
"""Bytes of an extent: 30 bits, and whole blocks where another follows (ECMA 4/14.14.1.1, UDF 2.3.10)."""
LONG_AD = 16
IN_ENTRY = (BLOCK - ENTRY) // LONG_AD
"""Allocation descriptors that a file entry of one block holds."""
IN_CONTINUATION = (BLOCK - 24) // LONG_AD
"""The same of a block that continues them (ECMA 4/14.5)."""


def blocks(size: int) -> int:
    """Blocks that hold so many bytes."""
    return -(-size // BLOCK)


def clusters(count: int) -> int:
    """The next whole cluster."""
    return -(-count // CLUSTER) * CLUSTER


@dataclass(frozen=True)
class FilePlace:
    """Where a file stands.

    Attributes:
        entry: block of its entry in the metadata partition.
        continuations: blocks there with allocation descriptors that the entry has no room for.
        data: first block of its data in the partition.
        unique_id: its number in the volume.
    """

    entry: int
    continuations: range
    data: int
    unique_id: int


@dataclass(frozen=True)
class FolderPlace:
    """Where a folder stands.

    Attributes:
        entry: block of its entry in the metadata partition.
        listing: first block there of what it lists.
        listing_bytes: size of that.
        unique_id: its number in the volume.
    """

    entry: int
    listing: int
    listing_bytes: int
    unique_id: int


@dataclass(frozen=True)
class Layout:
    """Where everything stands; blocks of the partition unless said otherwise.

    Attributes:
        root: the tree.
        folders: where folders are, by their identity.
        files: the same of files.
        order: all files in the order of their data: the largest last.
        metadata_blocks: size of the metadata file.
        mirror: block of the mirror's entry.
        partition_blocks: size of the partition.
        volume_blocks: size of the image.
        next_unique_id: the first that is free.
    """

    root: Folder
    folders: dict[int, FolderPlace] = field(repr=False)
    files: dict[int, FilePlace] = field(repr=False)
    order: tuple[File, ...]
    metadata_blocks: int
    mirror: int
    partition_blocks: int
    volume_blocks: int
    next_unique_id: int

    @property
    def last(self) -> int:
        """The volume's last block."""
        return self.volume_blocks - 1

    @property
    def mirror_metadata(self) -> int:
        """First block of the metadata file's copy."""
        return self.mirror + CLUSTER


def identifier_bytes(name: str) -> int:
    """Size of a file identifier descriptor, a multiple of four (ECMA 4/14.4.9)."""
    return -(-(NAMELESS + (len(compressed(name)) if name else 0)) // 4) * 4


def extents(size: int) -> int:
    """How many extents a file has."""
    return -(-size // LONGEST_EXTENT)


def continuation_blocks(size: int) -> int:
    """Blocks of allocation descriptors beside a file's entry; each descriptor that leads to one takes a place, too."""
    rest = extents(size) - IN_ENTRY
    return 0 if rest <= 0 else -(-(rest + 1) // (IN_CONTINUATION - 1))


def make(root: Folder) -> Layout:
    """Lay out a tree.

    Raises:
        UsageError: it is larger than UDF can count.
    """
    block, unique_id = 1, 16  # block 0 is the file set's; IDs below 16 are reserved, but for the root's 0 (UDF 3.2.1.1)
    folders: dict[int, FolderPlace] = {}
    for folder in root.all_folders():
        names = [*(each.name for each in folder.folders), *(each.name for each in folder.files)]
        size = sum(map(identifier_bytes, ["", *names]))
        folders[id(folder)] = FolderPlace(block, block + 1, size, 0 if folder is root else unique_id)
        block += 1 + blocks(size)
        unique_id += folder is not root
    order = tuple(sorted(root.all_files(), key=lambda file: file.size))
    entries: dict[int, tuple[int, range, int]] = {}
    for file in root.all_files():
        more = continuation_blocks(file.size)
        entries[id(file)] = (block, range(block + 1, block + 1 + more), unique_id)
        block += 1 + more
        unique_id += 1
    metadata_blocks = clusters(block)
    data = METADATA + metadata_blocks
    files = {}
    mirror = data
    for file in order:
        if file is order[-1]:  # 7-Zip takes an image for damaged that has more than anchors behind its last file
            mirror, data = data, data + CLUSTER + metadata_blocks
        entry, more_blocks, number = entries[id(file)]
        files[id(file)] = FilePlace(entry, more_blocks, data, number)
        data = clusters(data + blocks(file.size))
    partition_blocks = data if order else mirror + CLUSTER + metadata_blocks
    # Behind the partition only the two last anchors, which are 256 blocks apart.
    volume_blocks = clusters(PARTITION + partition_blocks + ANCHOR + 1)
    if volume_blocks >= MOST_BLOCKS:
        raise UsageError(f"an image of {volume_blocks * BLOCK} bytes is larger than UDF can count")
    return Layout(root, folders, files, order, metadata_blocks, mirror, partition_blocks, volume_blocks, unique_id)
