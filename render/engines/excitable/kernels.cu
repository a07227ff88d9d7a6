// Excitable media on the GPU. Same bits as reference.py. Each step first marks the excited, so that the state can then be
// changed in place, in the same array each time. A row of the lattice is cut into the blocks it needs, one thread a cell.

__device__ __forceinline__ int wrapped(int place, int count)
{
    return place < 0 ? place + count : place >= count ? place - count : place;
}

// excited [rows, columns]: 1 for the excited, else 0.
extern "C" __global__ void mark_excited(const u8 *__restrict__ cells, int columns, int row_blocks, u8 *__restrict__ excited)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    size_t cell = (size_t)row * columns + column;
    excited[cell] = cells[cell] == 1;
}

// cells [rows, columns]: the state's, written. diamond: von Neumann's neighbourhood, else Moore's. last: refractory state.
extern "C" __global__ void step_excitable(const u8 *__restrict__ excited, int rows, int columns, int row_blocks, int reach,
                                          int diamond, int threshold, int last, u8 *__restrict__ cells)
{
    int row = blockIdx.x / row_blocks, column = (blockIdx.x - row * row_blocks) * blockDim.x + threadIdx.x;
    if (column >= columns) return;
    u8 *cell = cells + (size_t)row * columns + column;
    if (*cell) {
        *cell = *cell == last ? 0 : *cell + 1;
        return;
    }
    int count = 0;  // a cell at rest is not among the excited, so its own mark may be counted with the others
    for (int down = -reach; down <= reach; down++) {
        const u8 *line = excited + (size_t)wrapped(row + down, rows) * columns;
        int width = diamond ? reach - abs(down) : reach;
        for (int right = -width; right <= width; right++) count += line[wrapped(column + right, columns)];
    }
    if (count >= threshold) *cell = 1;
}
