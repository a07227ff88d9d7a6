// Keeps a GPU busy while the host enqueues what is timed: one thread, every round waits for the one before it.
extern "C" __global__ void idle(u32 rounds, u32 *result)
{
    u32 value = result[0];
    for (u32 i = 0; i < rounds; i++) value = value * 1664525u + 1013904223u;
    result[0] = value;
}
