"""Discs: what fits on them, and what a player must find on them. Nothing here burns.

``media`` is arithmetic. ``bdmv`` makes a folder of a film that Blu-ray players play, ``udf`` an image of a folder;
both are files in, files out, and also verbs for scripts (``python -m render.disc``).
"""
