// Continuous cellular automata on the GPU, between their Fourier transforms; each formula's source stands in the engine's
// reference.py, names as in its cpu.py. LeniaLaw and SmoothLifeLaw come from the engines' law.py, constants of the
// exponential from exponential.py.
//
// One thread for each cell or frequency, in any number of blocks; none reads what another writes.

__device__ __forceinline__ float clip(float x)
{
    return fminf(fmaxf(x, 0.0f), 1.0f);
}

// 2 to the power of x, which is held within LEAST and MOST.
__device__ __forceinline__ float power_of_two(float x)
{
    float held = fminf(fmaxf(x, LEAST), MOST);
    float shifted = held + ROUNDER;
    float f = held - (shifted - ROUNDER);
    float series = 1.0f + f * (C1 + f * (C2 + f * (C3 + f * (C4 + f * (C5 + f * C6)))));
    return series * __int_as_float((__float_as_int(shifted) - ROUNDER_BITS + BIAS) << FRACTION_BITS);
}

// into [frequencies, 2] = values [frequencies, 2], complex, times weights [frequencies]; may be in place.
extern "C" __global__ void scale_spectrum(const float *values, const float *__restrict__ weights, int frequencies, float *into)
{
    int k = blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= frequencies) return;
    float weight = weights[k], real = values[2 * k], imaginary = values[2 * k + 1];
    into[2 * k] = real * weight;
    into[2 * k + 1] = imaginary * weight;
}

// Lenia. values [cells], written; potential [cells].
extern "C" __global__ void grow(const float *__restrict__ potential, int cells, LeniaLaw law, float *__restrict__ values)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= cells) return;
    float away = potential[i] - law.mu;
    float growth = 2.0f * power_of_two(-(away * away) * law.sharpness) - 1.0f;
    values[i] = clip(values[i] + growth * law.dt);
}

// What a sigmoid at a border has beside 1 in its denominator.
__device__ __forceinline__ float below(float x, float border, float steep)
{
    return power_of_two(fminf(fmaxf((border - x) * steep, -MOST_STEPS), MOST_STEPS));
}

// 1 inside an interval with soft borders, 0 outside.
__device__ __forceinline__ float interval(float x, float low, float high, float steep)
{
    float upper = below(x, high, steep);
    return upper / ((1.0f + below(x, low, steep)) * (1.0f + upper));
}

// SmoothLife. values [cells], written; fillings [2, cells], of the disc and of the ring.
extern "C" __global__ void live(const float *__restrict__ fillings, int cells, SmoothLifeLaw law, float *__restrict__ values)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= cells) return;
    float m = fillings[i], n = fillings[cells + i];
    float birth = interval(n, law.b1, law.b2, law.steep_n);
    float survival = interval(n, law.d1, law.d2, law.steep_n);
    float alive = 1.0f / (1.0f + below(m, 0.5f, law.steep_m));
    float drawn = birth * (1.0f - alive) + survival * alive;
    values[i] = clip(values[i] + law.dt * (2.0f * drawn - 1.0f));
}

// MNCA. values [cells], written; fillings [count, cells]; rings [bands]; borders [bands, 2].
extern "C" __global__ void vote(const float *__restrict__ fillings, int cells, const int *__restrict__ rings,
                                const float *__restrict__ borders, int bands, int count, float delta,
                                float *__restrict__ values)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= cells) return;
    int votes = -count;
    for (int band = 0; band < bands; band++) {
        float x = fillings[(size_t)rings[band] * cells + i];
        if (x >= borders[2 * band] && x <= borders[2 * band + 1]) votes += 2;
    }
    values[i] = clip(values[i] + delta * (float)votes);
}
