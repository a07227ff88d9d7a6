// The finishing on the GPU, in integers. Same bits as reference.py, which says what each does; constants come from
// render/look/finish/__init__.py. A plane is luma, blue or red; zero is its black or gray.

// ---- bloom ----

// means [rows, columns]: mean of each block of plane [height, width], less zero. One thread a block.
extern "C" __global__ void average_blocks(const u16 *__restrict__ plane, int width, int height, int zero, int block, int rows,
                                   int columns, int *__restrict__ means)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * columns) return;
    int row = i / columns, column = i - row * columns;
    int top = row * block, left = column * block, bottom = min(top + block, height), right = min(left + block, width);
    u32 sum = 0, count = (u32)((bottom - top) * (right - left));
    for (int y = top; y < bottom; y++)
        for (int x = left; x < right; x++) sum += plane[(size_t)y * width + x];
    means[i] = (int)((sum + count / 2) / count) - zero;
}

// A blur along rows or columns of values [rows, columns], wrapping around; weights [2 * reach + 1] in units of 2^-BLUR_BITS.
__device__ __forceinline__ int blurred(const int *__restrict__ values, int first, int stride, int at, int count,
                                       const int *__restrict__ weights, int reach)
{
    int total = 1 << (BLUR_BITS - 1);
    for (int tap = -reach; tap <= reach; tap++) {
        int from = (at + tap) % count;
        if (from < 0) from += count;
        total += __ldg(&weights[tap + reach]) * values[first + from * stride];
    }
    return total >> BLUR_BITS;
}

extern "C" __global__ void blur_block_rows(const int *__restrict__ means, int rows, int columns, const int *__restrict__ weights,
                                     int reach, int *__restrict__ result)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * columns) return;
    int row = i / columns;
    result[i] = blurred(means, row * columns, 1, i - row * columns, columns, weights, reach);
}

// strength in units of 2^-STRENGTH_BITS.
extern "C" __global__ void blur_block_columns(const int *__restrict__ means, int rows, int columns,
                                        const int *__restrict__ weights, int reach, int strength, int *__restrict__ halo)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= rows * columns) return;
    int row = i / columns, column = i - row * columns;
    int value = blurred(means, column, columns, row, rows, weights, reach);
    halo[i] = (value * strength + (1 << (STRENGTH_BITS - 1))) >> STRENGTH_BITS;
}

// ---- codes ----

// Frame numbers live on the device, so that captured work can count on.
extern "C" __global__ void set_frame(u64 value, u64 *number) { number[0] = value; }
extern "C" __global__ void next_frame(u64 *number) { number[0] += 1; }

__device__ __forceinline__ u32 frame_key(u64 value)  // the low half of SplitMix64's output function
{
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ull;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBull;
    return (u32)(value ^ (value >> 31));
}

__device__ __forceinline__ u32 white_noise(u32 sample, u32 key)
{
    u32 value = (sample * 0x9E3779B9u) ^ key;
    value = (value ^ (value >> 16)) * 0x7FEB352Du;
    value = (value ^ (value >> 15)) * 0x846CA68Bu;
    return value ^ (value >> 16);
}

// The halo [rows, columns] at a sample, linear between the centres of blocks of 2^(bits - 1) samples.
__device__ __forceinline__ int halo_at(const int *__restrict__ halo, int rows, int columns, int bits, int x, int y)
{
    int unit = 1 << bits, block = unit / 2;
    int down = 2 * y + 1 - block, across = 2 * x + 1 - block;
    int part_down = down & (unit - 1), part_across = across & (unit - 1);
    int above = down >> bits, left = across >> bits;  // -1 at the first samples
    int below = above + 1 < rows ? above + 1 : 0, right = left + 1 < columns ? left + 1 : 0;
    if (above < 0) above = rows - 1;
    if (left < 0) left = columns - 1;
    int at_left = halo[above * columns + left] * (unit - part_down) + halo[below * columns + left] * part_down;
    int at_right = halo[above * columns + right] * (unit - part_down) + halo[below * columns + right] * part_down;
    return (at_left * (unit - part_across) + at_right * part_across + unit * unit / 2) >> (2 * bits);
}

// Writes codes [height, width]. rows is 0 for no halo, shaded 0 for no shade_x [width] and shade_y [height]; dither: noise of
// one code in place of one half. Noise is keyed by stream + number[0].
extern "C" __global__ void print_plane(const u16 *__restrict__ plane, int width, int height, Range range,
                                       const int *__restrict__ halo, int rows, int columns, const int *__restrict__ shade_x,
                                       const int *__restrict__ shade_y, int shaded, int dither, u64 stream,
                                       const u64 *__restrict__ number, u8 *__restrict__ codes)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= width * height) return;
    int y = i / width, x = i - y * width, value = plane[i] - range.zero;
    if (rows) value += halo_at(halo, rows, columns, range.bits, x, y);
    if (shaded) {
        int stays = (1 << SHADE_BITS) - __ldg(&shade_x[x]) - __ldg(&shade_y[y]);
        value = (value * stays + (1 << (SHADE_BITS - 1))) >> SHADE_BITS;
    }
    u32 noise = range.grain || dither ? white_noise((u32)i, frame_key(stream + number[0])) : 0u;
    if (range.grain) {
        int triangle = (int)((noise >> 16) & 255u) + (int)((noise >> 8) & 255u) - 255;
        value += (triangle * range.grain + 128) >> 8;
    }
    int part = dither ? (int)(noise >> 24) : 1 << (CODE_BITS - 1);
    codes[i] = (u8)min(max((value + range.zero + part) >> CODE_BITS, range.low), range.high);
}
