// Life-like automata on the GPU. Same bits as reference.py. Each step first marks the living, so that the state can then be
// changed in place, in the same array each time. A row of the lattice is cut into the blocks it needs, one thread a cell.
// Worlds lie one behind the other, [worlds, rows, columns], a block in one of them.

__device__ __forceinline__ int wrapped(int place, int count)
{
    return place < 0 ? place + count : place >= count ? place - count : place;
}

// The place in its own world of a row that is counted through all worlds; a film's only world is spared the division.
__device__ __forceinline__ int row_of(int line, int rows)
{
    return line < rows ? line : line % rows;
}

// alive: 1 for the living, else 0.
extern "C" __global__ void mark_living(const u8 *__restrict__ cells, int columns, int row_blocks, u8 *__restrict__ alive)
{
    int line = blockIdx.x / row_blocks, column = (blockIdx.x - line * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)line * columns + column;
    alive[cell] = cells[cell] == 0;
}

// cells: the state's, written. keys: bit k is set where a cell with k = live neighbours, and ALIVE more for
// a live cell, is alive after the step. diamond: von Neumann's neighbourhood, else Moore's.
extern "C" __global__ void step_life(const u8 *__restrict__ alive, int rows, int columns, int row_blocks, int diamond, u32 keys,
                                     u8 *__restrict__ cells)
{
    int line = blockIdx.x / row_blocks, column = (blockIdx.x - line * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    int left = wrapped(column - 1, columns), right = wrapped(column + 1, columns);
    int row = row_of(line, rows), first = line - row;
    const u8 *own = alive + (size_t)line * columns;
    const u8 *above = alive + (size_t)(first + wrapped(row - 1, rows)) * columns;
    const u8 *below = alive + (size_t)(first + wrapped(row + 1, rows)) * columns;
    int key = above[column] + own[left] + own[right] + below[column] + ALIVE * own[column];
    if (!diamond) key += above[left] + above[right] + below[left] + below[right];
    u8 *cell = cells + (size_t)line * columns + column;
    *cell = keys >> key & 1 ? 0 : min(*cell + 1, LONGEST);
}
