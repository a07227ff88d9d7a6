// The look on the GPU, in integers: stamps into light, exposure, tone. Same bits as reference.py and darkroom.py, which
// say what each does; constants come from stamp.py and tone.py.

#define WARP 32
#define ALL_LANES 0xffffffffu

// ---- stamps ----

// Adds a stamp for each particle. STAMP_LANES neighbouring threads share a particle and take its taps row by row.
// x, y [N] in world pixels; weights [phases, phases, rows, columns]; light [height, width].
extern "C" __global__ void splat(const float *__restrict__ x, const float *__restrict__ y, int particles, float scale_x,
                                 float scale_y, const u32 *__restrict__ weights, StampShape stamp, u32 *__restrict__ light,
                                 int width, int height)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x, lane = thread % STAMP_LANES, p = thread / STAMP_LANES;
    if (p >= particles) return;
    int fine_x = (int)(x[p] * scale_x), fine_y = (int)(y[p] * scale_y);
    int column = fine_x / stamp.phases, row = fine_y / stamp.phases;
    int phase = (fine_y - row * stamp.phases) * stamp.phases + (fine_x - column * stamp.phases);
    const u32 *taps = weights + phase * stamp.rows * stamp.columns;
    int left = column - stamp.columns_before, top = row - stamp.rows_before;
    bool inside = left >= 0 && top >= 0 && left + stamp.columns <= width && top + stamp.rows <= height;
    for (int r = 0; r < stamp.rows; r++) {
        for (int c = lane; c < stamp.columns; c += STAMP_LANES) {
            u32 weight = __ldg(&taps[r * stamp.columns + c]);
            if (!weight) continue;
            int at_x = left + c, at_y = top + r;
            if (!inside) {  // what leaves one edge enters at the other; a stamp may be wider than the picture
                at_x = (at_x % width + width) % width;
                at_y = (at_y % height + height) % height;
            }
            atomicAdd(&light[(size_t)at_y * width + at_x], weight);
        }
    }
}

// ---- exposure ----

// Entry of a light in the tone table.
__device__ __forceinline__ int entry_of(u32 light)
{
    int bounded = (int)min(light, LIGHT_LIMIT);
    return (__float_as_int((float)(bounded + LIGHT_UNIT)) >> KEY_SHIFT) - FIRST_KEY;
}

// most [1], zero before: the brightest light.
extern "C" __global__ void brightest(const u32 *__restrict__ light, int pixels, u32 *__restrict__ most)
{
    __shared__ u32 warps[WARP];
    u32 own = 0;
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < pixels; i += gridDim.x * blockDim.x) own = max(own, light[i]);
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2) own = max(own, __shfl_xor_sync(ALL_LANES, own, lanes));
    if (threadIdx.x % WARP == 0) warps[threadIdx.x / WARP] = own;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int w = 1; w < blockDim.x / WARP; w++) own = max(own, warps[w]);
    atomicMax(most, own);
}

// level [1]: what turns white, log2(1 + light) in units of 2^-16, from the brightest light.
extern "C" __global__ void expose_brightest(const u32 *__restrict__ most, const int *__restrict__ octaves,
                                            int *__restrict__ level)
{
    if (threadIdx.x == 0 && blockIdx.x == 0) level[0] = max(octaves[entry_of(most[0])], LEAST_WHITE);
}

// histogram [ENTRIES], zero before: how often each tone-table entry occurs among every stride-th pixel and line. Of several
// planes of light, each of so many pixels, the brightest counts.
extern "C" __global__ void sample(const u32 *__restrict__ light, int planes, int pixels, int width, int stride, int across,
                                  int samples, u32 *__restrict__ histogram)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= samples) return;
    int row = i / across, column = i - row * across;
    u32 most = 0;
    for (int plane = 0; plane < planes; plane++)
        most = max(most, light[(size_t)plane * pixels + (size_t)row * stride * width + column * stride]);
    atomicAdd(&histogram[entry_of(most)], 1u);
}

// Follows the light that `rank` samples are not brighter than: memory [1] is log2(1 + white) in units of 2^-32, level [1]
// the same in units of 2^-16. One block.
extern "C" __global__ void expose_slowly(const u32 *__restrict__ histogram, u32 rank, const int *__restrict__ octaves,
                                         i64 follow, i64 *__restrict__ memory, int *__restrict__ level)
{
    __shared__ u32 sums[1024];
    int each = (ENTRIES + blockDim.x - 1) / blockDim.x;
    int begin = min((int)threadIdx.x * each, ENTRIES), end = min(begin + each, ENTRIES);
    u32 own = 0;
    for (int e = begin; e < end; e++) own += histogram[e];
    sums[threadIdx.x] = own;
    __syncthreads();
    u32 before = 0;
    for (int t = 0; t < threadIdx.x; t++) before += sums[t];
    if (rank < before || rank >= before + own) return;  // one thread's entries hold the rank
    int bright = begin;
    while (rank >= before + histogram[bright]) before += histogram[bright++];
    i64 wanted = (i64)max(octaves[bright], LEAST_WHITE) << 16;
    i64 now = memory[0] + (((wanted - memory[0]) * follow) >> 16);
    memory[0] = now;
    level[0] = (int)(now >> 16);
}

// table [ENTRIES]: luma of each entry with CODE_BITS fraction bits.
extern "C" __global__ void write_codes(const int *__restrict__ level, const int *__restrict__ octaves,
                                       u16 *__restrict__ table)
{
    int e = blockIdx.x * blockDim.x + threadIdx.x;
    if (e >= ENTRIES) return;
    i64 white = level[0];
    i64 luma = (BLACK << CODE_BITS) + (octaves[e] * (i64)((WHITE - BLACK) << CODE_BITS) + white / 2) / white;
    table[e] = (u16)min(luma, (i64)(WHITE << CODE_BITS));
}

// ---- tone ----

// Frame numbers live on the device, so that captured work can count on.
extern "C" __global__ void set_number(u64 value, u64 *number) { number[0] = value; }
extern "C" __global__ void next_number(u64 *number) { number[0] += 1; }

__device__ __forceinline__ u32 frame_key(u64 value)  // the low half of SplitMix64's output function
{
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return (u32)(value ^ (value >> 31));
}

__device__ __forceinline__ u32 white_noise(u32 pixel, u32 key)  // 8 bits
{
    u32 value = (pixel * 0x9E3779B9u) ^ key;
    value = (value ^ (value >> 16)) * 0x7FEB352Du;
    value = (value ^ (value >> 15)) * 0x846CA68Bu;
    return (value ^ (value >> 16)) >> 24;
}

__device__ __forceinline__ u8 tone(u32 &light, u32 pixel, const u16 *__restrict__ table, u32 decay, bool dither, u32 key)
{
    u32 code = __ldg(&table[entry_of(light)]);
    light = __umulhi(min(light, LIGHT_LIMIT), decay);
    return (u8)((code + (dither ? white_noise(pixel, key) : 1u << (CODE_BITS - 1))) >> CODE_BITS);
}

// Writes luma from light, then lets the light fade; four pixels a thread. quads is a quarter of the number of pixels.
// decay in units of 2^-32. dither: noise keyed by stream + number[0] in place of rounding.
extern "C" __global__ void develop(uint4 *__restrict__ light, int quads, const u16 *__restrict__ table, u32 decay,
                                   int dither, u64 stream, const u64 *__restrict__ number, uchar4 *__restrict__ luma)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= quads) return;
    u32 key = dither ? frame_key(stream + number[0]) : 0u, pixel = 4u * (u32)i;
    uint4 value = light[i];
    bool lit = (value.x | value.y | value.z | value.w) != 0;
    uchar4 codes = make_uchar4(tone(value.x, pixel, table, decay, dither, key), tone(value.y, pixel + 1, table, decay, dither, key),
                               tone(value.z, pixel + 2, table, decay, dither, key), tone(value.w, pixel + 3, table, decay, dither, key));
    luma[i] = codes;
    if (lit) light[i] = value;  // the dark stays dark, and most of a picture is dark
}

// The same with luma of 16 bits, CODE_BITS of them fraction bits, for a finisher; one pixel a thread.
extern "C" __global__ void develop_gray(u32 *__restrict__ light, int pixels, const u16 *__restrict__ table, u32 decay,
                                        u16 *__restrict__ luma)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= pixels) return;
    u32 value = light[i];
    luma[i] = __ldg(&table[entry_of(value)]);
    if (value) light[i] = __umulhi(min(value, LIGHT_LIMIT), decay);
}
