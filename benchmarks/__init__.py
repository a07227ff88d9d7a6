"""What render costs, measured against the algorithm it grew out of; run it as ``python -m benchmarks``."""
