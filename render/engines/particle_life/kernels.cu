// Particle life on the GPU: a counting sort by cell, then forces and integration. Same bits as reference.py, where each
// formula's source stands; names as in cpu.py. Law and Grid come from law.py.
//
// Every float operation is one IEEE float32 operation (compiled without contraction and with denormal numbers), sums of
// forces are integers: neither the order inside a cell, which atomics make random, nor the number of lanes that share a
// particle can change a bit. Every kernel is right for any number of blocks; scans need whole warps.
//
// Worlds of `each` particles lie one behind the other in the state's arrays, and so do their cells: what lies before a
// world in sorted order are the particles of the worlds before it, so that one scan over all cells serves all worlds.

#define WARP 32
#define ALL_LANES 0xffffffffu

// ---- sort by cell: count, scan, place ----

__device__ __forceinline__ int cell_of(float x, float y, const Grid &grid)
{
    int column = min((int)(x * grid.columns_per_pixel), grid.columns - 1);
    int row = min((int)(y * grid.rows_per_pixel), grid.rows - 1);
    return row * grid.columns + column;
}

// The first cell of the world that a particle, in the state's order or the sorted one, belongs to.
__device__ __forceinline__ int first_cell(int particle, int each, const Grid &grid)
{
    return particle / each * (grid.columns * grid.rows);
}

// particles: those of all worlds. counts [cells], zero before: particles in each cell. ranks [N]: each particle's place among
// those of its cell.
extern "C" __global__ void count_cells(const float *__restrict__ x, const float *__restrict__ y, int particles, int each,
                                       Grid grid, u32 *__restrict__ counts, u32 *__restrict__ ranks)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    ranks[p] = atomicAdd(&counts[first_cell(p, each, grid) + cell_of(x[p], y[p], grid)], 1u);
}

// Sum of `value` over the threads before this one in the block. `total` gets the sum over all. `warps` is shared, [WARP].
__device__ __forceinline__ u32 sum_before(u32 value, u32 *warps, u32 *total)
{
    int lane = threadIdx.x % WARP, warp = threadIdx.x / WARP;
    u32 sum = value;
    for (int step = 1; step < WARP; step *= 2) {
        u32 other = __shfl_up_sync(ALL_LANES, sum, step);
        if (lane >= step) sum += other;
    }
    if (lane == WARP - 1) warps[warp] = sum;
    __syncthreads();
    u32 before = 0, all = 0;
    for (int w = 0; w < blockDim.x / WARP; w++) {
        if (w < warp) before += warps[w];
        all += warps[w];
    }
    __syncthreads();  // `warps` is free for the next tile
    *total = all;
    return before + sum - value;
}

// sums [blocks]: particles in each block's chunk of cells; only where there is more than one block.
extern "C" __global__ void sum_chunks(const u32 *__restrict__ counts, int cells, int chunk, u32 *__restrict__ sums)
{
    __shared__ u32 warps[WARP];
    int begin = blockIdx.x * chunk, end = min(begin + chunk, cells);
    u32 own = 0, total;
    for (int c = begin + threadIdx.x; c < end; c += blockDim.x) own += counts[c];
    sum_before(own, warps, &total);
    if (threadIdx.x == 0) sums[blockIdx.x] = total;
}

// starts [cells + 1]: the first particle of each cell in sorted order. Leaves counts zero for the next step.
extern "C" __global__ void scan_cells(u32 *__restrict__ counts, const u32 *__restrict__ sums, int cells, int chunk,
                                      u32 *__restrict__ starts)
{
    __shared__ u32 warps[WARP];
    int begin = blockIdx.x * chunk, end = min(begin + chunk, cells);
    u32 earlier = 0, place, total;
    for (int b = threadIdx.x; b < blockIdx.x; b += blockDim.x) earlier += sums[b];
    sum_before(earlier, warps, &place);
    for (int tile = begin; tile < end; tile += blockDim.x) {
        int c = tile + threadIdx.x;
        u32 count = c < end ? counts[c] : 0;
        u32 before = sum_before(count, warps, &total);
        if (c < end) {
            starts[c] = place + before;
            counts[c] = 0;
        }
        place += total;
    }
    if (end == cells && threadIdx.x == 0) starts[cells] = place;
}

// sorted [N]: x, y, and as integers species and index in the state, cell by cell.
extern "C" __global__ void place(const float *__restrict__ x, const float *__restrict__ y, const u8 *__restrict__ species,
                                 int particles, int each, Grid grid, const u32 *__restrict__ starts,
                                 const u32 *__restrict__ ranks, float4 *__restrict__ sorted)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    u32 slot = starts[first_cell(p, each, grid) + cell_of(x[p], y[p], grid)] + ranks[p];
    sorted[slot] = make_float4(x[p], y[p], __int_as_float(species[p]), __int_as_float(p));
}

// ---- forces ----

// Displacement to the nearest image of `other` on a circle of this length.
__device__ __forceinline__ float nearest(float other, float own, float length, float half)
{
    float straight = other - own;
    float shift = straight > half ? -length : straight < -half ? length : 0.0f;
    return (other + shift) - own;
}

// A force component in units of 2^-FORCE_BITS, rounded to nearest even.
__device__ __forceinline__ int quantise(float component)
{
    return __float_as_int(component * FORCE_SCALE + ROUNDER) - ROUNDER_BITS;
}

// Adds the forces of sorted particles [begin, end), shifted across the seam, on one particle to `sum_x` and `sum_y`.
// Lane `lane` of LANES takes every LANES-th. NEAREST: worlds under 3 cells wide or high choose the image pair by pair.
template <int LANES, bool NEAREST>
__device__ __forceinline__ void add_forces(int begin, int end, int lane, float shift_x, float shift_y, float4 own,
                                           const float *__restrict__ attraction, const float4 *__restrict__ sorted,
                                           const Law &law, i64 &sum_x, i64 &sum_y)
{
    for (int chunk = begin + lane; chunk < end; chunk += INT32_PAIRS * LANES) {
        int last = min(chunk + INT32_PAIRS * LANES, end);
        int part_x = 0, part_y = 0;
        for (int j = chunk; j < last; j += LANES) {
            float4 other = __ldg(&sorted[j]);
            float px = other.x + shift_x, py = other.y + shift_y;
            float dx = NEAREST ? nearest(px, own.x, law.width, law.half_width) : px - own.x;
            float dy = NEAREST ? nearest(py, own.y, law.height, law.half_height) : py - own.y;
            float d2 = dx * dx + dy * dy;
            if (d2 > law.rmax_square) continue;
            float d = sqrtf(fmaxf(d2, LEAST_SQUARE));
            float r = d * law.inverse_rmax;
            float repulsion = r * law.inverse_beta - 1.0f;
            float tent = __ldg(&attraction[__float_as_int(other.z)]) *
                         (1.0f - fabsf(2.0f * r - 1.0f - law.beta) * law.inverse_slope);
            float g = (r < law.beta ? repulsion : tent) / d;
            part_x += quantise(g * dx);
            part_y += quantise(g * dy);
        }
        sum_x += part_x;
        sum_y += part_y;
    }
}

// Forces of the 3 x 3 cells around a particle. The three cells of a row lie one behind the other in sorted order, but
// for the one beyond the seam. first_row: of the particle's world, where rows of cells are counted through all worlds.
template <int LANES, bool NEAREST>
__device__ __forceinline__ void add_neighbours(int lane, float4 own, const u32 *__restrict__ starts, int first_row,
                                               const Grid &grid, const float *__restrict__ attraction,
                                               const float4 *__restrict__ sorted, const Law &law, i64 &sum_x, i64 &sum_y)
{
    int cell = cell_of(own.x, own.y, grid);
    int row = cell / grid.columns, column = cell - row * grid.columns;
    int left = grid.columns > 1 ? max(column - 1, 0) : 0, right = grid.columns > 1 ? min(column + 1, grid.columns - 1) : 0;
    int beyond = grid.columns == 1 ? -1 : column == 0 ? grid.columns - 1 : column == grid.columns - 1 ? 0 : -1;
    int reach = grid.rows > 1 ? 1 : 0;
    for (int step = -reach; step <= reach; step++) {
        int other = row + step;
        float shift_y = 0.0f;
        if (other < 0) {
            other += grid.rows;
            shift_y = -law.height;
        } else if (other >= grid.rows) {
            other -= grid.rows;
            shift_y = law.height;
        }
        const u32 *line = starts + (first_row + other) * grid.columns;
        for (int part = 0; part < (beyond < 0 ? 1 : 2); part++) {
            int first = part ? beyond : left, last = part ? beyond : right;
            float shift_x = part ? (beyond ? -law.width : law.width) : 0.0f;
            add_forces<LANES, NEAREST>(line[first], line[last + 1], lane, shift_x, shift_y, own, attraction, sorted, law,
                                       sum_x, sum_y);
        }
    }
}

// ---- integration ----

__device__ __forceinline__ float velocity(float v, i64 force_sum, const Law &law, float limit)
{
    float force = (float)force_sum * FORCE_UNIT;
    v = v * law.friction + force * law.impulse;
    if (fabsf(v) < STILL) v = 0.0f;
    return fminf(fmaxf(v, -limit), limit);
}

__device__ __forceinline__ float wrap(float position, float length)
{
    if (position >= length) position -= length;
    if (position < 0.0f) {
        position += length;
        if (position >= length) position = 0.0f;
    }
    return position;
}

// One step of the particle in slot `slot` of the sorted order, shared by LANES neighbouring threads. Positions are read
// only from `sorted`, so that writing x and y disturbs nobody.
template <int LANES>
__device__ __forceinline__ void step_particle(const float4 *__restrict__ sorted, const u32 *__restrict__ starts,
                                              int particles, int each, const Grid &grid,
                                              const float *__restrict__ matrix, int kinds, const Law &law,
                                              float *__restrict__ x, float *__restrict__ y, float *__restrict__ vx,
                                              float *__restrict__ vy)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x, lane = thread % LANES, slot = thread / LANES;
    bool mine = slot < particles;
    if (LANES == 1 && !mine) return;
    if (!mine) slot = particles - 1;  // lanes beyond the end shuffle along and write nothing
    float4 own = __ldg(&sorted[slot]);
    int world = slot / each, first_row = world * grid.rows;
    const float *attraction = matrix + (world * kinds + __float_as_int(own.z)) * kinds;
    i64 sum_x = 0, sum_y = 0;
    if (grid.columns > 1 && grid.rows > 1)
        add_neighbours<LANES, false>(lane, own, starts, first_row, grid, attraction, sorted, law, sum_x, sum_y);
    else
        add_neighbours<LANES, true>(lane, own, starts, first_row, grid, attraction, sorted, law, sum_x, sum_y);
    for (int other = LANES / 2; other > 0; other /= 2) {
        sum_x += __shfl_xor_sync(ALL_LANES, sum_x, other);
        sum_y += __shfl_xor_sync(ALL_LANES, sum_y, other);
    }
    if (!mine || lane != 0) return;
    int p = __float_as_int(own.w);
    vx[p] = velocity(vx[p], sum_x, law, law.limit_x);
    vy[p] = velocity(vy[p], sum_y, law, law.limit_y);
    x[p] = wrap(own.x + vx[p] * law.dt, law.width);
    y[p] = wrap(own.y + vy[p] * law.dt, law.height);
}

// Blocks of 128 threads that a multiprocessor shall hold: one of compute capability 7.5 takes 1,024 threads in all.
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ == 750
#define STEP_BLOCKS 8
#else
#define STEP_BLOCKS 10
#endif

// x, y, vx, vy [N] are the state's, in its order. matrix [worlds, kinds, kinds].
extern "C" __global__ void __launch_bounds__(128, STEP_BLOCKS)
step_by_thread(const float4 *__restrict__ sorted, const u32 *__restrict__ starts, int particles, int each,
               Grid grid, const float *__restrict__ matrix, int kinds, Law law, float *__restrict__ x,
               float *__restrict__ y, float *__restrict__ vx, float *__restrict__ vy)
{
    step_particle<1>(sorted, starts, particles, each, grid, matrix, kinds, law, x, y, vx, vy);
}

extern "C" __global__ void __launch_bounds__(128, STEP_BLOCKS)
step_by_eight(const float4 *__restrict__ sorted, const u32 *__restrict__ starts, int particles, int each,
              Grid grid, const float *__restrict__ matrix, int kinds, Law law, float *__restrict__ x,
              float *__restrict__ y, float *__restrict__ vx, float *__restrict__ vy)
{
    step_particle<8>(sorted, starts, particles, each, grid, matrix, kinds, law, x, y, vx, vy);
}

extern "C" __global__ void __launch_bounds__(128, STEP_BLOCKS)
step_by_warp(const float4 *__restrict__ sorted, const u32 *__restrict__ starts, int particles, int each,
             Grid grid, const float *__restrict__ matrix, int kinds, Law law, float *__restrict__ x,
             float *__restrict__ y, float *__restrict__ vx, float *__restrict__ vy)
{
    step_particle<WARP>(sorted, starts, particles, each, grid, matrix, kinds, law, x, y, vx, vy);
}
