"""Measuring: a film's stages, sweeps over sizes, and what is kept of both.

``stages`` times one film; ``sweeps`` many sizes of something; ``transfers`` what moves frames. What they find is plain data,
kept by ``artifact`` with all that is needed to judge or repeat it; ``figures`` reads it again for ``report``, ``plot`` and
``compare``. Kernels are compiled before anything is timed.
"""
