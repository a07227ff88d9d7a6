"""What dvd+rw-mediainfo says of discs, in the shape that version 7.1 prints, with the sizes that real discs have.

They are written after answers that owners of drives have published, and are no recordings: this project has no drive.
"""

from __future__ import annotations

import re

Answer = tuple[str, int]
"""What it says, and its exit code."""

_BLANK = """READ DISC INFORMATION:
 Disc status:           blank
 Number of Sessions:    1
 State of Last Session: empty
 "Next" Track:          1
 Number of Tracks:      1
"""
_USED = """READ DISC INFORMATION:
 Disc status:           complete
 Number of Sessions:    1
 State of Last Session: complete
 Number of Tracks:      1
"""

DVD_R = (
    """INQUIRY:                [MAKER   ][DVDRAM MODEL    ][1.00]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         11h, DVD-R Sequential
 Media ID:              MCC 03RG20
 Current Write Speed:   16.0x1385=22160KB/s
 Write Speed #0:        16.0x1385=22160KB/s
 Write Speed #1:        8.0x1385=11080KB/s
GET [CURRENT] PERFORMANCE:
 Write Performance:     16.0x1385=22160KB/s@[0 -> 2298495]
 Speed Descriptor#0:    02/2298495 R@8.0x1385=11080KB/s W@16.0x1385=22160KB/s
 Speed Descriptor#1:    02/2298495 R@8.0x1385=11080KB/s W@8.0x1385=11080KB/s
READ DVD STRUCTURE[#10h]:
 Media Book Type:       25h, DVD-R book [revision 5]
 Legacy lead-out at:    2298496*2KB=4707319808
READ DVD STRUCTURE[#0h]:
 Media Book Type:       25h, DVD-R book [revision 5]
 Last border-out at:    0*2KB=0
"""
    + _BLANK
    + """READ TRACK INFORMATION[#1]:
 Track State:           invisible incremental
 Track Start Address:   0*2KB
 Next Writable Address: 0*2KB
 Free Blocks:           2297888*2KB
 Track Size:            2297888*2KB
READ CAPACITY:          0*2048=0
""",
    0,
)
DVD_PLUS_R = (
    """INQUIRY:                [MAKER   ][DVDRAM MODEL    ][1.00]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         1Bh, DVD+R
 Media ID:              MCC/004
 Current Write Speed:   8.0x1385=11080KB/s
 Write Speed #0:        8.0x1385=11080KB/s
 Speed Descriptor#0:    00/2295104 R@8.0x1385=11080KB/s W@8.0x1385=11080KB/s
READ DVD STRUCTURE[#0h]:
 Media Book Type:       00h, DVD-ROM book [revision 0]
 Legacy lead-out at:    2295104*2KB=4700372992
"""
    + _BLANK
    + """READ TRACK INFORMATION[#1]:
 Track State:           blank
 Track Start Address:   0*2KB
 Next Writable Address: 0*2KB
 Free Blocks:           2295104*2KB
 Track Size:            2295104*2KB
 ROM Compatibility LBA: 266544
READ CAPACITY:          0*2048=0
""",
    0,
)
DVD_PLUS_R_TWO_LAYERS = (
    """INQUIRY:                [MAKER   ][BD-RE MODEL     ][1.00]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         2Bh, DVD+R Double Layer
 Media ID:              MKM/003
 Current Write Speed:   4.0x1385=5540KB/s
 Write Speed #0:        4.0x1385=5540KB/s
 Write Speed #1:        2.4x1385=3324KB/s
GET [CURRENT] PERFORMANCE:
 Write Performance:     2.4x1385=3324KB/s@[0 -> 219903]
                        4.0x1385=5540KB/s@[219904 -> 3953919]
                        2.4x1385=3324KB/s@[3953920 -> 4173823]
 Speed Descriptor#0:    02/4173823 R@8.0x1385=11079KB/s W@4.0x1385=5540KB/s
 Speed Descriptor#1:    02/4173823 R@8.0x1385=11079KB/s W@2.4x1385=3324KB/s
READ DVD STRUCTURE[#0h]:
 Media Book Type:       00h, DVD-ROM book [revision 0]
 Legacy lead-out at:    2086912*2KB=4273995776
DVD+R DOUBLE LAYER BOUNDARY INFORMATION:
 L0 Data Zone Capacity: 2086912*2KB, can still be set
"""
    + _BLANK
    + """READ TRACK INFORMATION[#1]:
 Track State:           blank
 Track Start Address:   0*2KB
 Next Writable Address: 0*2KB
 Free Blocks:           4173824*2KB
 Track Size:            4173824*2KB
 ROM Compatibility LBA: 266240
READ CAPACITY:          0*2048=0
""",
    0,
)
DVD_PLUS_RW_USED = (
    """INQUIRY:                [MAKER   ][DVDRAM MODEL    ][1.00]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         1Ah, DVD+RW
 Media ID:              RITEK/004
 Current Write Speed:   4.0x1385=5540KB/s
 Write Speed #0:        4.0x1385=5540KB/s
 Speed Descriptor#0:    00/2295103 R@8.0x1385=11080KB/s W@4.0x1385=5540KB/s
READ DVD STRUCTURE[#0h]:
 Media Book Type:       00h, DVD-ROM book [revision 0]
 Legacy lead-out at:    2295104*2KB=4700372992
"""
    + _USED
    + """ BG Format Status:      suspended
READ FORMAT CAPACITIES:
 formatted:\t\t2295104*2048=4700372992
 26h(0):\t\t2295104*2048=4700372992
READ TRACK INFORMATION[#1]:
 Track State:           complete incremental
 Track Start Address:   0*2KB
 Free Blocks:           0*2KB
 Track Size:            2295104*2KB
FABRICATED TOC:
 Track#1  :             14@0
 Track#AA :             17@2295104
 Multi-session Info:    #1@0
READ CAPACITY:          2295104*2048=4700372992
""",
    0,
)
_BD_R_SIZES = """READ FORMAT CAPACITIES:
 unformatted:\t\t12219392*2048=25025314816
 00h(3000):\t\t11826176*2048=24220008448
 32h(0):\t\t11826176*2048=24220008448
 32h(0):\t\t5796864*2048=11871977472
 32h(0):\t\t12088320*2048=24756879360
"""
BD_R = (
    """INQUIRY:                [MAKER   ][BD-RE MODEL     ][1.00]
GET [CURRENT] CONFIGURATION:
 Mounted Media:         41h, BD-R SRM
 Media ID:              VERBAT/IMe
 Current Write Speed:   12.0x4495=53952KB/s
 Write Speed #0:        12.0x4495=53952KB/s
 Write Speed #1:        4.0x4495=17984KB/s
 Speed Descriptor#0:    08/12219391 R@6.0x4495=26976KB/s W@12.0x4495=53952KB/s
 Speed Descriptor#1:    00/12219391 R@6.0x4495=26976KB/s W@4.0x4495=17984KB/s
:-[ READ BD SPARE INFORMATION failed with SK=5h/INVALID FIELD IN CDB]: Input/output error
"""
    + _BLANK
    + _BD_R_SIZES
    + """READ TRACK INFORMATION[#1]:
 Track State:           invisible incremental
 Track Start Address:   0*2KB
 Next Writable Address: 0*2KB
 Free Blocks:           12219392*2KB
 Track Size:            12219392*2KB
READ CAPACITY:          0*2048=0
""",
    0,
)
BD_R_POW = (BD_R[0].replace("BD-R SRM", "BD-R SRM+POW"), 0)
"""A drive that can write such a disc in more than one way calls it so."""
_BD_RE = BD_R[0].replace("41h, BD-R SRM", "43h, BD-RE").replace("VERBAT/IMe", "CMCMAG/CN2")
BD_RE = (
    _BD_RE.replace(
        _BD_R_SIZES,
        """READ FORMAT CAPACITIES:
 unformatted:\t\t12219392*2048=25025314816
 00h(3000):\t\t11826176*2048=24220008448
 30h(1000):\t\t12088320*2048=24756879360
 30h(5000):\t\t11564032*2048=23683137536
 31h(800):\t\t12219392*2048=25025314816
""",
    ),
    0,
)
BD_RE_USED = (
    _BD_RE.replace(_BLANK, _USED)
    .replace(_BD_R_SIZES, "READ FORMAT CAPACITIES:\n formatted:\t\t11826176*2048=24220008448\n")
    .replace("12219392*2KB", "0*2KB", 1)
    .replace("12219392", "11826176"),
    0,
)
NO_DISC = (
    "INQUIRY:                [MAKER   ][DVDRAM MODEL    ][1.00]\nGET [CURRENT] CONFIGURATION:\n"
    ":-( no media mounted, exiting...\n",
    1,
)
A_CD = (NO_DISC[0].replace("no media", "non-DVD media"), 1)
NO_DRIVE = (":-( not an MMC unit!\n", 1)


def changed(answer: Answer, **fields: object) -> Answer:
    """The same with other values of some fields, such as ``Disc_status="appendable"``."""
    text, code = answer
    for name, value in fields.items():
        field = name.replace("_", " ")
        text, found = re.subn(rf"^( {field}: +)[^*\n]+", rf"\g<1>{value}", text, flags=re.MULTILINE)
        assert found, field
    return text, code
