"""The engine room: devices, compiled kernels, threads and random numbers. No art in here."""
