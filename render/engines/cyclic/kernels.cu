// Cyclic automata on the GPU. Same bits as reference.py. Each step first copies the cells, so that the state can then be
// changed in place, in the same array each time. A row of the lattice is cut into the blocks it needs, one thread a cell.

__device__ __forceinline__ int wrapped(int place, int count)
{
    return place < 0 ? place + count : place >= count ? place - count : place;
}

// before [rows, columns]: a copy of the cells.
extern "C" __global__ void copy_cells(const u8 *__restrict__ cells, int columns, int row_blocks, u8 *__restrict__ before)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)row * columns + column;
    before[cell] = cells[cell];
}

// cells [rows, columns]: the state's, written. diamond: von Neumann's neighbourhood, else Moore's. last: the last state.
extern "C" __global__ void step_cyclic(const u8 *__restrict__ before, int rows, int columns, int row_blocks, int reach,
                                       int diamond, int threshold, int last, u8 *__restrict__ cells)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    int own = before[(size_t)row * columns + column], following = own == last ? 0 : own + 1;
    int count = 0;  // a cell never holds the state that follows its own, so it may be asked with the others
    for (int down = -reach; down <= reach; down++) {
        const u8 *line = before + (size_t)wrapped(row + down, rows) * columns;
        int width = diamond ? reach - abs(down) : reach;
        for (int right = -width; right <= width; right++) count += line[wrapped(column + right, columns)] == following;
    }
    if (count >= threshold) cells[(size_t)row * columns + column] = following;
}
