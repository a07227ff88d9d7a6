// The look of lattices on the GPU. Same bits as reference.py, which says what each does; constants come from darkroom.py.

#define WARP 32
#define ALL_LANES 0xffffffffu

// ---- levels ----

// level [cells]: of each density in values [cells]. gain: levels to a unit of density.
extern "C" __global__ void quantise(const float *__restrict__ values, int cells, float black, float gain,
                                    u16 *__restrict__ level)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= cells) return;
    float whole = (values[i] - black) * gain + 0.5f;
    level[i] = (u16)(int)fminf(fmaxf(whole, 0.0f), FULL);
}

// level [cells]: of each state in values [cells], by levels [256].
extern "C" __global__ void look_up(const u8 *__restrict__ values, int cells, const u16 *__restrict__ levels,
                                   u16 *__restrict__ level)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < cells) level[i] = levels[values[i]];
}

// ---- thickness ----

// Index of a cell some steps along an axis of a torus.
__device__ __forceinline__ int along(int row, int column, int shift, bool down, int rows, int columns)
{
    if (down) row = ((row + shift) % rows + rows) % rows;
    else column = ((column + shift) % columns + columns) % columns;
    return row * columns + column;
}

// made [rows, columns]: the most of given within reach cells, along rows or down columns.
extern "C" __global__ void widest(const u16 *__restrict__ given, int rows, int columns, int reach, int down,
                                  u16 *__restrict__ made)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * columns) return;
    int row = i / columns, column = i - row * columns;
    u16 most = 0;
    for (int shift = -reach; shift <= reach; shift++) {
        u16 each = given[along(row, column, shift, down, rows, columns)];
        if (each > most) most = each;
    }
    made[i] = most;
}

// made [rows, columns]: the mean of given within reach cells, rounded down.
extern "C" __global__ void mean(const u16 *__restrict__ given, int rows, int columns, int reach, int down,
                                u16 *__restrict__ made)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * columns) return;
    int row = i / columns, column = i - row * columns;
    u32 sum = 0;
    for (int shift = -reach; shift <= reach; shift++) sum += given[along(row, column, shift, down, rows, columns)];
    made[i] = (u16)(sum / (u32)(2 * reach + 1));
}

// ---- colour's coordinates ----

// The most of a block's values into most [1], which is at least 0 before; every thread of the block calls it.
__device__ void keep_most(u32 own, u32 *most)
{
    __shared__ u32 warps[WARP];
    for (int lanes = WARP / 2; lanes > 0; lanes /= 2) own = max(own, __shfl_xor_sync(ALL_LANES, own, lanes));
    if (threadIdx.x % WARP == 0) warps[threadIdx.x / WARP] = own;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int w = 1; w < blockDim.x / WARP; w++) own = max(own, warps[w]);
    atomicMax(most, own);
}

// motion [cells] follows the newest change; previous [cells] becomes level; most [1]: the most motion, zero before.
extern "C" __global__ void follow(const u16 *__restrict__ level, int cells, u16 *__restrict__ previous,
                                  u16 *__restrict__ motion, u32 *__restrict__ most)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    u32 own = 0;
    if (i < cells) {
        int change = abs((int)level[i] - (int)previous[i]), moved = motion[i];
        own = (u32)(moved + ((change - moved) >> MOTION_SHIFT));
        motion[i] = (u16)own;
        previous[i] = level[i];
    }
    keep_most(own, most);
}

// Factor on the light of a relief with these slopes.
__device__ __forceinline__ float shade(float slope_x, float slope_y, Light light)
{
    float length = sqrtf(slope_x * slope_x + slope_y * slope_y + 1.0f), across = -(slope_x + slope_y);
    float diffuse = fmaxf((across * light.across + light.up) / length, 0.0f);
    float shine = fmaxf((across * light.half_across + light.half_up) / length, 0.0f);
    for (int i = 0; i < 5; i++) shine = shine * shine;
    float full = AMBIENT + DIFFUSE * diffuse + SHINE * shine;
    return 1.0f + light.amount * (full - 1.0f);
}

// turn, strength [rows, columns]: place in the palette and amount of colour. motion, edge: turns at peaks [0] and [1];
// number [1]: of the frame; drift: hue of it, in units of 2^-32 turns; steepest [1]: bits of the steepest edge, zero before.
extern "C" __global__ void choose(const u16 *__restrict__ level, const u16 *__restrict__ moved,
                                  const short *__restrict__ place, int rows, int columns, float density, float motion,
                                  float edge, const float *__restrict__ peaks, const u64 *__restrict__ number, i64 drift,
                                  const int *__restrict__ alpha, Light light, int *__restrict__ turn,
                                  int *__restrict__ strength, u32 *__restrict__ steepest)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    u32 own = 0;
    if (i < rows * columns) {
        int row = i / columns, column = i - row * columns;
        float dx = (float)level[along(row, column, 1, false, rows, columns)] - (float)level[along(row, column, -1, false, rows, columns)];
        float dy = (float)level[along(row, column, 1, true, rows, columns)] - (float)level[along(row, column, -1, true, rows, columns)];
        float slope = sqrtf(dx * dx + dy * dy);
        own = (u32)__float_as_int(slope);
        float turns = (float)level[i] * density + (float)moved[i] * (motion / peaks[0]) + slope * (edge / peaks[1]);
        int hue = (int)((((i64)number[0] * drift) >> 16) & 0xFFFF);
        turn[i] = (int)(fminf(fmaxf(turns, -MOST_TURNS), MOST_TURNS) * TURN) + (int)place[i] * PLACE_UNIT + hue;
        int amount = alpha[level[i] >> 4];
        if (light.amount > 0.0f)
            amount = (int)fminf((float)amount * shade(dx * light.slope, dy * light.slope, light), MOST_STRENGTH);
        strength[i] = amount;
    }
    keep_most(own, steepest);
}

__device__ __forceinline__ float followed(float peak, float found, float fall)
{
    return fmaxf(found > peak ? peak + (found - peak) * ATTACK : fmaxf(found, peak * fall), LEAST_PEAK);
}

// peaks [2] after a frame with this most motion [1] and this steepest edge [1]; the frame's number goes on.
extern "C" __global__ void settle(const u32 *__restrict__ most, const u32 *__restrict__ steepest, float fall,
                                  float *__restrict__ peaks, u64 *__restrict__ number)
{
    if (threadIdx.x || blockIdx.x) return;
    peaks[0] = followed(peaks[0], (float)most[0], fall);
    peaks[1] = followed(peaks[1], __int_as_float((int)steepest[0]), fall);
    number[0] += 1;
}

extern "C" __global__ void begin_at(u64 value, u64 *number) { number[0] = value; }

// ---- colour ----

// A number between four cells; taps [3, samples]: cells before, cells behind, way between them.
__device__ __forceinline__ int between(const int *__restrict__ values, int columns, const int *__restrict__ across, int width,
                                       int x, const int *__restrict__ down, int height, int y)
{
    int first = across[x], second = across[width + x], fraction = across[2 * width + x], part = down[2 * height + y];
    const int *upper = values + (size_t)down[y] * columns, *lower = values + (size_t)down[height + y] * columns;
    int above = upper[first] + (((upper[second] - upper[first]) * fraction) >> FRACTION_BITS);
    int beneath = lower[first] + (((lower[second] - lower[first]) * fraction) >> FRACTION_BITS);
    return above + (((beneath - above) * part) >> FRACTION_BITS);
}

// luma [height, width], blue and red [height / 2, width / 2], with 8 fraction bits; four pixels a thread.
// codes [3, ENTRIES]: the palette's luma, blue and red.
extern "C" __global__ void colour(const int *__restrict__ turn, const int *__restrict__ strength, int columns,
                                  const int *__restrict__ across, int width, const int *__restrict__ down, int height,
                                  const int *__restrict__ codes, u16 *__restrict__ luma, u16 *__restrict__ blue,
                                  u16 *__restrict__ red)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, half = width / 2;
    if (i >= half * (height / 2)) return;
    int pair = i / half, column = i - pair * half, sum_blue = 0, sum_red = 0;
    for (int each = 0; each < 4; each++) {
        int x = 2 * column + each % 2, y = 2 * pair + each / 2;
        int entry = (between(turn, columns, across, width, x, down, height, y) >> ENTRY_SHIFT) & (ENTRIES - 1);
        int amount = between(strength, columns, across, width, x, down, height, y);
        luma[(size_t)y * width + x] = (u16)(LUMA_BLACK + ((codes[entry] * amount) >> STRENGTH_BITS));
        sum_blue += (codes[ENTRIES + entry] * amount) >> STRENGTH_BITS;
        sum_red += (codes[2 * ENTRIES + entry] * amount) >> STRENGTH_BITS;
    }
    blue[i] = (u16)(CHROMA_NEUTRAL + ((sum_blue + 2) >> 2));
    red[i] = (u16)(CHROMA_NEUTRAL + ((sum_red + 2) >> 2));
}
