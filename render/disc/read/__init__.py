"""Finished images and discs, read back without mounting: the files that each file system in them shows.

A disc for computers has up to three file systems over the same blocks: ISO 9660, Joliet and UDF. Which one a computer
or a player looks at is its own choice, so all of them must show the same files. What is here shares no code with the
writers, nor with the tools that made the image.
"""

from render.disc.read.image import Image, Side, open_image

__all__ = ["Image", "Side", "open_image"]
