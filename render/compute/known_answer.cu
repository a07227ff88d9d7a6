// Does this GPU, with these compiler options, compute what IEEE 754 says? Every result has a known answer on the host.

extern "C" __global__ void arithmetic(const float *__restrict__ a, const float *__restrict__ b, int count,
                                      float *__restrict__ product_sum, float *__restrict__ quotient,
                                      float *__restrict__ root, float *__restrict__ small)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= count) return;
    product_sum[i] = a[i] * b[i] + a[i];  // differs where the two are fused into one rounding
    quotient[i] = a[i] / b[i];
    root[i] = sqrtf(a[i]);
    small[i] = a[i] * SMALLEST_NORMAL * 0.25f;  // denormal, and 0 where such numbers are flushed
}
