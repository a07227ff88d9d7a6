"""BDMV, what Blu-ray players play: a film in, a folder out that is an image's whole content.

The format is described in "System Description Blu-ray Disc Read-Only Format, part 3: Audio Visual Basic Specifications"
(BD-ROM part 3), which is not public. The names of tables and fields are its own, as public readers of the format have
them: libbluray (src/libbluray/bdnav and hdmv), lw/BluRay (src/*.vala), tsMuxer (tsMuxer/blurayHelper.cpp, tsPacket.cpp).
What a disc may hold is told in the Blu-ray Disc Association's white paper 2.B, "Audio Visual Application Format
Specifications for BD-ROM".

    index.bdmv         what is there to play: on insertion, by the menu key, title 1    navigation
    MovieObject.bdmv   programs: "play list 0, then again"                              navigation
    PLAYLIST/*.mpls    which clip, from when to when, where chapters are                playlist
    CLIPINF/*.clpi     a clip's streams, and where each key frame is                    clipinfo
    STREAM/*.m2ts      the clip                                                         clip

One clip, one play list, one title: the film plays when the disc is put in, and begins again when it is over.
"""

from render.disc.bdmv.author import author, most_film_bytes

__all__ = ["author", "most_film_bytes"]
