// Coloured light on the GPU. Same bits as reference.py, which says what each kernel does; constants come from
// render/look/points/paint/__init__.py and its neighbours.

// ---- colours ----

// How far a particle came along one axis, to the nearest image.
__device__ __forceinline__ float way(float now, float before, float side, float half)
{
    float step = now - before;
    if (step > half) step = step - side;
    if (step < -half) step = step + side;
    return step;
}

// Moves a particle a share of the way to its new place on the palette.
__device__ __forceinline__ void move_on(float wanted, float *__restrict__ shade, u8 *__restrict__ entry)
{
    float place = shade[0] < 0.0f ? wanted : shade[0] + (wanted - shade[0]) * FOLLOW;
    shade[0] = place;
    entry[0] = (u8)(int)(place * LAST_ENTRY + 0.5f);
}

// x, y, before_x, before_y, shade, entries [N].
extern "C" __global__ void tint_by_speed(const float *__restrict__ x, const float *__restrict__ y,
                                         const float *__restrict__ before_x, const float *__restrict__ before_y,
                                         int particles, Motion motion, float middle, float *__restrict__ shade,
                                         u8 *__restrict__ entries)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    float along = way(x[p], before_x[p], motion.world_width, motion.half_width);
    float down = way(y[p], before_y[p], motion.world_height, motion.half_height);
    float far = sqrtf(along * along + down * down);
    move_on(far / (far + middle), &shade[p], &entries[p]);
}

// counts [rows, columns], zero before: particles in each cell.
extern "C" __global__ void count_near(const float *__restrict__ x, const float *__restrict__ y, int particles, Grid grid,
                                      int *__restrict__ counts)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    int row = min((int)(y[p] * grid.places_y) / CELL_STEPS, grid.rows - 1);
    int column = min((int)(x[p] * grid.places_x) / CELL_STEPS, grid.columns - 1);
    atomicAdd(&counts[row * grid.columns + column], 1);
}

// smooth [rows, columns]: 3 x 3 sums of counts with weights 1, 2, 4, wrapping around.
extern "C" __global__ void smooth_counts(const int *__restrict__ counts, Grid grid, int *__restrict__ smooth)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= grid.rows * grid.columns) return;
    int row = i / grid.columns, column = i - row * grid.columns, sum = 0;
    for (int down = -1; down <= 1; down++)
        for (int across = -1; across <= 1; across++) {
            int from = (row + down + grid.rows) % grid.rows, at = (column + across + grid.columns) % grid.columns;
            sum += (down ? 1 : 2) * (across ? 1 : 2) * counts[from * grid.columns + at];
        }
    smooth[i] = sum;
}

// usual: what is counted in the middle of the palette.
extern "C" __global__ void tint_by_density(const float *__restrict__ x, const float *__restrict__ y, int particles,
                                           Grid grid, float usual, const int *__restrict__ smooth,
                                           float *__restrict__ shade, u8 *__restrict__ entries)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    // From the middle of the cell before the first one on, so that divisions round down.
    int place_y = (int)(y[p] * grid.places_y) + CELL_STEPS / 2, place_x = (int)(x[p] * grid.places_x) + CELL_STEPS / 2;
    int below = place_y / CELL_STEPS, right = place_x / CELL_STEPS;
    int part_y = place_y - below * CELL_STEPS, part_x = place_x - right * CELL_STEPS;
    const int *high = smooth + (below + grid.rows - 1) % grid.rows * grid.columns;
    const int *low = smooth + below % grid.rows * grid.columns;
    int first = (right + grid.columns - 1) % grid.columns, second = right % grid.columns;
    int upper = high[first] * (CELL_STEPS - part_x) + high[second] * part_x;
    int lower = low[first] * (CELL_STEPS - part_x) + low[second] * part_x;
    float near = (float)(upper * (CELL_STEPS - part_y) + lower * part_y);
    move_on(near / (near + usual), &shade[p], &entries[p]);
}

// Where particles were, for the next frame.
extern "C" __global__ void remember_places(const float *__restrict__ x, const float *__restrict__ y, int particles,
                                           float *__restrict__ before_x, float *__restrict__ before_y)
{
    int p = blockIdx.x * blockDim.x + threadIdx.x;
    if (p >= particles) return;
    before_x[p] = x[p];
    before_y[p] = y[p];
}

// ---- light ----

__device__ __forceinline__ float wrapped(float place, float side)
{
    if (place < 0.0f) place = place + side;
    if (place >= side) place = place - side;
    return place;
}

// Adds each particle's light in its colour: one stamp, or several along its way. STAMP_LANES neighbouring threads share a
// particle and take its taps row by row. entries [N]; table [256, channels]; weights [phases, phases, rows, columns]; light
// [channels, height, width]. before_x, before_y [N] are not read without streaks.
extern "C" __global__ void splat_tinted(const float *__restrict__ x, const float *__restrict__ y,
                                        const float *__restrict__ before_x, const float *__restrict__ before_y,
                                        const u8 *__restrict__ entries, int particles, Motion motion, float scale_x,
                                        float scale_y, const u32 *__restrict__ weights, StampShape stamp,
                                        const u32 *__restrict__ table, int channels, u32 *__restrict__ light, int width,
                                        int height)
{
    int thread = blockIdx.x * blockDim.x + threadIdx.x, lane = thread % STAMP_LANES, p = thread / STAMP_LANES;
    if (p >= particles) return;
    float along = 0.0f, down = 0.0f;
    int stamps = 1;
    if (motion.per_pixel > 0.0f) {
        along = way(x[p], before_x[p], motion.world_width, motion.half_width);
        down = way(y[p], before_y[p], motion.world_height, motion.half_height);
        stamps = 1 + (int)fminf(sqrtf(along * along + down * down) * motion.per_pixel, MOST_BETWEEN);
    }
    float step_x = along / (float)stamps, step_y = down / (float)stamps;
    for (int number = 0; number < stamps; number++) {
        float back = (float)(stamps - number) - 0.5f;
        float place_x = wrapped(x[p] - step_x * back, motion.world_width);
        float place_y = wrapped(y[p] - step_y * back, motion.world_height);
        int fine_x = (int)(place_x * scale_x), fine_y = (int)(place_y * scale_y);
        int column = fine_x / stamp.phases, row = fine_y / stamp.phases;
        int phase = (fine_y - row * stamp.phases) * stamp.phases + (fine_x - column * stamp.phases);
        const u32 *taps = weights + phase * stamp.rows * stamp.columns;
        int left = column - stamp.columns_before, top = row - stamp.rows_before;
        bool inside = left >= 0 && top >= 0 && left + stamp.columns <= width && top + stamp.rows <= height;
        for (int channel = 0; channel < channels; channel++) {
            u32 full = __ldg(&table[entries[p] * channels + channel]) * SHARE_UNIT;
            u32 share = (full + (u32)stamps / 2u) / (u32)stamps;
            u32 *plane = light + (size_t)channel * width * height;
            for (int r = 0; r < stamp.rows; r++) {
                for (int c = lane; c < stamp.columns; c += STAMP_LANES) {
                    u32 tap = (__ldg(&taps[r * stamp.columns + c]) * share + (1u << (SHARE_BITS - 1))) >> SHARE_BITS;
                    if (!tap) continue;
                    int at_x = left + c, at_y = top + r;
                    if (!inside) {  // what leaves one edge enters at the other; a stamp may be wider than the picture
                        at_x = (at_x % width + width) % width;
                        at_y = (at_y % height + height) % height;
                    }
                    atomicAdd(&plane[(size_t)at_y * width + at_x], tap);
                }
            }
        }
    }
}

// ---- codes ----

// Signal of a light with CODE_BITS fraction bits, as luma; then the light fades. decay in units of 2^-32.
__device__ __forceinline__ int signal(u32 *__restrict__ light, const u16 *__restrict__ table, u32 decay)
{
    u32 bounded = min(light[0], LIGHT_LIMIT);
    int entry = (__float_as_int((float)(int)(bounded + LIGHT_UNIT)) >> KEY_SHIFT) - FIRST_KEY;
    if (bounded) light[0] = __umulhi(bounded, decay);
    return __ldg(&table[entry]);
}

// luma [height, width], blue and red [height / 2, width / 2] from light [3, height, width], which fades. Four pixels a thread.
extern "C" __global__ void develop_colour(u32 *__restrict__ light, int width, int height, const u16 *__restrict__ table,
                                          u32 decay, Matrix matrix, u16 *__restrict__ luma, u16 *__restrict__ blue,
                                          u16 *__restrict__ red)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x, across = width / 2;
    if (i >= across * (height / 2)) return;
    int y = i / across, x = i - y * across, r = 0, g = 0, b = 0;
    size_t pixels = (size_t)width * height;
    for (int k = 0; k < 4; k++) {
        size_t at = (size_t)(2 * y + k / 2) * width + 2 * x + k % 2;
        int own_r = signal(&light[at], table, decay) - LUMA_ZERO;
        int own_g = signal(&light[at + pixels], table, decay) - LUMA_ZERO;
        int own_b = signal(&light[at + 2 * pixels], table, decay) - LUMA_ZERO;
        u32 sum = (u32)matrix.luma_red * own_r + (u32)matrix.luma_green * own_g + (u32)matrix.luma_blue * own_b;
        luma[at] = (u16)(LUMA_ZERO + ((sum + (1u << (MATRIX_BITS - 1))) >> MATRIX_BITS));
        r += own_r;
        g += own_g;
        b += own_b;
    }
    r = (r + 2) >> 2, g = (g + 2) >> 2, b = (b + 2) >> 2;
    const int half = 1 << (MATRIX_BITS - 1);
    int code_b = (matrix.blue_red * r + matrix.blue_green * g + matrix.half * b + half) >> MATRIX_BITS;
    int code_r = (matrix.half * r + matrix.red_green * g + matrix.red_blue * b + half) >> MATRIX_BITS;
    blue[i] = (u16)(CHROMA_ZERO + code_b);
    red[i] = (u16)(CHROMA_ZERO + code_r);
}
