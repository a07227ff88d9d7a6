"""Everything about the GPU path that only a GPU can tell, in one call: ``python -m benchmarks.gpu``, or ``make gpu``."""
