// Gray-Scott on the GPU. Same bits as reference.py, where the formulas and their order stand; names as in cpu.py.
//
// A thread goes down a strip of STRIP rows in one column and keeps three rows of its three columns in registers, so that
// a row costs three loads of each substance. Arrays are [worlds, rows, columns]; the kernel is right for any number of
// blocks that covers them, and needs no barrier.

// Three neighbouring cells of a row.
struct Triple {
    float west, here, east;
};

__device__ __forceinline__ Triple load(const float *__restrict__ row, int west, int column, int east)
{
    Triple found = {__ldg(&row[west]), __ldg(&row[column]), __ldg(&row[east])};
    return found;
}

// Twenty times the Laplacian of nine points.
__device__ __forceinline__ float laplacian(const Triple &above, const Triple &here, const Triple &below)
{
    float sides = (above.here + below.here) + (here.west + here.east);
    float diagonals = (above.west + below.east) + (above.east + below.west);
    return (4.0f * sides + diagonals) - 20.0f * here.here;
}

// rates [2]: feed and kill, kept on the GPU because captured work keeps its arguments.
extern "C" __global__ void set_rates(float feed, float kill, float *__restrict__ rates)
{
    if (blockIdx.x != 0 || threadIdx.x != 0) return;
    rates[0] = feed;
    rates[1] = kill;
}

// Blocks of 128 threads that a multiprocessor shall hold: one of compute capability 7.5 takes 1,024 threads in all.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 750
#define BLOCKS 8
#else
#define BLOCKS 12
#endif

// One step from u and v to new_u and new_v; factor [rows, columns], on the feed, is read where `rim` is not 0.
extern "C" __global__ void __launch_bounds__(128, BLOCKS)
diffuse_and_react(const float *__restrict__ u, const float *__restrict__ v, int rows, int columns, Law law,
                  const float *__restrict__ rates, int rim, const float *__restrict__ factor, float *__restrict__ new_u,
                  float *__restrict__ new_v)
{
    int across = (columns + blockDim.x - 1) / blockDim.x;  // blocks beside each other
    int strips = (rows + STRIP - 1) / STRIP;  // strips below each other
    int strip = blockIdx.x / across, world = strip < strips ? 0 : strip / strips;  // a film's only world needs no division
    int column = blockIdx.x % across * blockDim.x + threadIdx.x, row = (strip - world * strips) * STRIP;
    if (column >= columns) return;
    int west = column == 0 ? columns - 1 : column - 1, east = column == columns - 1 ? 0 : column + 1;
    int last = min(row + STRIP, rows);
    float base = __ldg(&rates[0]), kill = __ldg(&rates[1]);
    i64 around = (i64)(rows - 1) * columns;  // from the first row to the last
    i64 place = ((i64)world * rows + row) * columns, before = row == 0 ? place + around : place - columns;
    Triple u_above = load(u + before, west, column, east), u_here = load(u + place, west, column, east);
    Triple v_above = load(v + before, west, column, east), v_here = load(v + place, west, column, east);
    for (; row < last; row++) {
        i64 after = row == rows - 1 ? place - around : place + columns;
        Triple u_below = load(u + after, west, column, east), v_below = load(v + after, west, column, east);
        float a = u_here.here, b = v_here.here;
        float feed = rim ? base * __ldg(&factor[(i64)row * columns + column]) : base;
        float reaction = a * (b * b);
        float next_u = a + law.dt * ((law.spread_u * laplacian(u_above, u_here, u_below) - reaction) + feed * (1.0f - a));
        float next_v = b + law.dt * ((law.spread_v * laplacian(v_above, v_here, v_below) + reaction) - (feed + kill) * b);
        next_u = next_u > 0.0f ? next_u : 0.0f;
        next_v = next_v > STILL ? next_v : 0.0f;
        new_u[place + column] = next_u < 1.0f ? next_u : 1.0f;
        new_v[place + column] = next_v < 1.0f ? next_v : 1.0f;
        u_above = u_here, u_here = u_below;
        v_above = v_here, v_here = v_below;
        place = after;
    }
}

// An odd number of steps ends in the other pair of arrays; the result belongs in the state's.
extern "C" __global__ void bring_back(const float *__restrict__ from_u, const float *__restrict__ from_v, i64 cells,
                                      float *__restrict__ u, float *__restrict__ v)
{
    i64 c = (i64)blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= cells) return;
    u[c] = from_u[c];
    v[c] = from_v[c];
}
