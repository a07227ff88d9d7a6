"""Images of UDF 2.50, the file system of Blu-ray discs: a folder in, a file for the burner out.

UDF ("Universal Disk Format Specification", OSTA, revision 2.50, 2003) says which of the structures of ECMA-167
("Volume and File Structure", 3rd edition, 1997) a disc has and what stands in them. Comments give both: ``ECMA 3/10.5``
is part 3, clause 10.5, and ``UDF 2.2.14`` that clause of UDF 2.50.

An image holds, in logical blocks of 2048 bytes:

    16        volume recognition sequence          "this is ECMA-167"
    32, 48    volume descriptor sequences          the volume, its partition, its logical volume; twice
    64        logical volume integrity             "closed", how many files
    256       anchor                               where the sequences are; again at the last block and 256 before it
    288 ...   partition                            the metadata file, small files, its mirror, the largest file

Everything about files and folders stands in the metadata file, which is a partition of its own (UDF 2.2.10) so that a
drive reads it in one go, and once more in its mirror (UDF 2.2.13).
"""

from render.disc.udf.image import image_bytes, write
from render.disc.udf.tree import Folder, scan

__all__ = ["Folder", "image_bytes", "scan", "write"]
