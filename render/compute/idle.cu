// Keeps a GPU busy while the host enqueues what is timed: one thread, every round waits for the one before it, and no
// compiler makes one of several (xorshift; G. Marsaglia, Journal of Statistical Software 8, 2003).
extern "C" __global__ void idle(u32 rounds, u32 *result)
{
    u32 value = result[0];
    for (u32 i = 0; i < rounds; i++) {
        value ^= value << 13;
        value ^= value >> 17;
        value ^= value << 5;
    }
    result[0] = value;
}
