// Cyclic automata on the GPU. Same bits as reference.py. Each step first copies the cells, so that the state can then be
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

// before: a copy of the cells.
extern "C" __global__ void copy_cells(const u8 *__restrict__ cells, int columns, int row_blocks, u8 *__restrict__ before)
{
    int line = blockIdx.x / row_blocks, column = (blockIdx.x - line * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)line * columns + column;
    before[cell] = cells[cell];
}

// cells: the state's, written. diamond: von Neumann's neighbourhood, else Moore's. last: the last state.
extern "C" __global__ void step_cyclic(const u8 *__restrict__ before, int rows, int columns, int row_blocks, int reach,
                                       int diamond, int threshold, int last, u8 *__restrict__ cells)
{
    int line = blockIdx.x / row_blocks, column = (blockIdx.x - line * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)line * columns + column;
    int own = before[cell], following = own == last ? 0 : own + 1;
    int row = row_of(line, rows), first = line - row;
    int count = 0;  // a cell never holds the state that follows its own, so it may be asked with the others
    for (int down = -reach; down <= reach; down++) {
        const u8 *there = before + (size_t)(first + wrapped(row + down, rows)) * columns;
        int width = diamond ? reach - abs(down) : reach;
        for (int right = -width; right <= width; right++) count += there[wrapped(column + right, columns)] == following;
    }
    if (count >= threshold) cells[cell] = following;
}
