// Life-like automata on the GPU. Same bits as reference.py. Each step first marks the living, so that the state can then be
// changed in place, in the same array each time. A row of the lattice is cut into the blocks it needs, one thread a cell.

__device__ __forceinline__ int wrapped(int place, int count)
{
    return place < 0 ? place + count : place >= count ? place - count : place;
}

// alive [rows, columns]: 1 for the living, else 0.
extern "C" __global__ void mark_living(const u8 *__restrict__ cells, int columns, int row_blocks, u8 *__restrict__ alive)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)row * columns + column;
    alive[cell] = cells[cell] == 0;
}

// cells [rows, columns]: the state's, written. keys: bit k is set where a cell with k = live neighbours, and ALIVE more for
// a live cell, is alive after the step. diamond: von Neumann's neighbourhood, else Moore's.
extern "C" __global__ void step_life(const u8 *__restrict__ alive, int rows, int columns, int row_blocks, int diamond, u32 keys,
                                     u8 *__restrict__ cells)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    int left = wrapped(column - 1, columns), right = wrapped(column + 1, columns);
    const u8 *own = alive + (size_t)row * columns;
    const u8 *above = alive + (size_t)wrapped(row - 1, rows) * columns;
    const u8 *below = alive + (size_t)wrapped(row + 1, rows) * columns;
    int key = above[column] + own[left] + own[right] + below[column] + ALIVE * own[column];
    if (!diamond) key += above[left] + above[right] + below[left] + below[right];
    u8 *cell = cells + (size_t)row * columns + column;
    *cell = keys >> key & 1 ? 0 : min(*cell + 1, LONGEST);
}
