// CUDA C on the CPU, to prove kernels where there is no GPU. The same .cu text, compiled by g++ behind this header.
//
// Every CUDA thread runs on a stack of its own (a fiber), so that barriers and shuffles stop it and let the others
// go on. Blocks and threads run one after the other, in natural or in random order: a result that depends on the order, or
// on a barrier that is not there, shows. Shared memory is filled with 0xCD before each block.
//
// What is not exact, or differs between machines, is left out on purpose (float atomics, __expf, rsqrtf ...): a kernel
// that uses it does not compile here. Not covered: threads that really run at the same time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __shared__ static __attribute__((section("block_shared")))

// ---- the machine ----

struct dim3 { unsigned x, y, z; };
static dim3 threadIdx, blockIdx, blockDim, gridDim;
static const int warpSize = 32;

namespace emulation {

const unsigned WARP = 32;
const size_t STACK_BYTES = 128 * 1024;
const unsigned char POISON = 0xCD;

static char message[256];  // why the launch failed, empty while it has not
extern "C" unsigned char __start_block_shared[] __attribute__((weak));
extern "C" unsigned char __stop_block_shared[] __attribute__((weak));

// Switching stacks: save the registers a callee must keep (System V ABI), swap stack pointers, restore.
#if defined(__x86_64__)
extern "C" void emulation_switch(void **from, void *to);
asm(".text\n.globl emulation_switch\n.hidden emulation_switch\n.type emulation_switch,@function\nemulation_switch:\n"
    "  pushq %rbp\n  pushq %rbx\n  pushq %r12\n  pushq %r13\n  pushq %r14\n  pushq %r15\n"
    "  movq %rsp,(%rdi)\n  movq %rsi,%rsp\n"
    "  popq %r15\n  popq %r14\n  popq %r13\n  popq %r12\n  popq %rbx\n  popq %rbp\n  ret\n"
    ".size emulation_switch,.-emulation_switch\n");
const int SAVED_REGISTERS = 6;
#elif defined(__aarch64__)
extern "C" void emulation_switch(void **from, void *to);
asm(".text\n.globl emulation_switch\n.hidden emulation_switch\n.type emulation_switch,%function\nemulation_switch:\n"
    "  sub sp, sp, #176\n"
    "  stp x19, x20, [sp]\n  stp x21, x22, [sp, #16]\n  stp x23, x24, [sp, #32]\n  stp x25, x26, [sp, #48]\n"
    "  stp x27, x28, [sp, #64]\n  stp x29, x30, [sp, #80]\n  stp d8, d9, [sp, #96]\n  stp d10, d11, [sp, #112]\n"
    "  stp d12, d13, [sp, #128]\n  stp d14, d15, [sp, #144]\n"
    "  mov x9, sp\n  str x9, [x0]\n  mov sp, x1\n"
    "  ldp x19, x20, [sp]\n  ldp x21, x22, [sp, #16]\n  ldp x23, x24, [sp, #32]\n  ldp x25, x26, [sp, #48]\n"
    "  ldp x27, x28, [sp, #64]\n  ldp x29, x30, [sp, #80]\n  ldp d8, d9, [sp, #96]\n  ldp d10, d11, [sp, #112]\n"
    "  ldp d12, d13, [sp, #128]\n  ldp d14, d15, [sp, #144]\n  add sp, sp, #176\n  ret\n"
    ".size emulation_switch,.-emulation_switch\n");
#else
#error "the emulation switches stacks on x86-64 and 64-bit ARM only"
#endif

enum State { ABSENT, READY, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

struct Thread {
    State state = ABSENT;
    dim3 index{};
    void *stack_pointer = nullptr;
    char *stack = nullptr;
};

static std::vector<Thread> threads;
static std::vector<char *> spare_stacks;
static void *scheduler;  // stack pointer of the loop that runs threads
static unsigned running;
static void (*body)(void *const *);
static void *const *arguments;
static uint64_t exchanged[32][WARP];  // one value of each lane of each warp, for shuffles

static inline void to_scheduler() { emulation_switch(&threads[running].stack_pointer, scheduler); }

static inline void fail(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    if (!message[0]) vsnprintf(message, sizeof message, format, values);
    va_end(values);
    to_scheduler();  // never comes back: the launch ends there
    abort();
}

static void first_call()
{
    body(arguments);
    threads[running].state = DONE;
    to_scheduler();
    abort();
}

static inline void start(Thread &thread)
{
    if (!spare_stacks.empty()) {
        thread.stack = spare_stacks.back();
        spare_stacks.pop_back();
    } else {
        thread.stack = static_cast<char *>(aligned_alloc(64, STACK_BYTES));
    }
    auto top = reinterpret_cast<void **>(thread.stack + STACK_BYTES);
#if defined(__x86_64__)
    *--top = nullptr;  // so that the stack is aligned as after a call
    *--top = reinterpret_cast<void *>(first_call);
    for (int k = 0; k < SAVED_REGISTERS; k++) *--top = nullptr;
#else
    top -= 22;
    memset(top, 0, 176);
    top[11] = reinterpret_cast<void *>(first_call);  // x30, the return address
#endif
    thread.stack_pointer = top;
}

// Runs a ready thread until it ends or meets a barrier. A thread that ends leaves its stack to the next one.
static inline void run(unsigned t)
{
    Thread &thread = threads[t];
    if (!thread.stack) start(thread);
    running = t;
    threadIdx = thread.index;
    emulation_switch(&scheduler, thread.stack_pointer);
    if (thread.state == DONE || message[0]) {
        spare_stacks.push_back(thread.stack);
        thread.stack = nullptr;
    }
}

// Lets the warp of threads [first, end) go on if all its lanes have arrived; true if it does.
static bool release_warp(unsigned first, unsigned end)
{
    unsigned waiting = 0, done = 0;
    for (unsigned t = first; t < end; t++) {
        waiting += threads[t].state == AT_WARP_BARRIER;
        done += threads[t].state == DONE;
    }
    if (!waiting) return false;
    if (done) snprintf(message, sizeof message, "a lane returned before a shuffle or barrier of its warp");
    if (waiting < end - first) return false;
    for (unsigned t = first; t < end; t++) threads[t].state = READY;
    return true;
}

// Runs all threads in turn, from barrier to barrier.
static void run_abreast(const std::vector<unsigned> &order)
{
    unsigned count = order.size();
    for (bool released = true; released && !message[0];) {
        for (unsigned t : order) {
            if (threads[t].state == READY) run(t);
            if (message[0]) return;
        }
        released = false;
        for (unsigned first = 0; first < count && !message[0]; first += WARP)
            released |= release_warp(first, std::min(first + WARP, count));
    }
}

// Runs each warp as far as it gets without the rest of its block, one after the other.
static void run_ahead(const std::vector<unsigned> &order)
{
    unsigned count = order.size();
    std::vector<bool> has_run((count + WARP - 1) / WARP);
    for (unsigned leader : order) {
        if (has_run[leader / WARP]) continue;
        has_run[leader / WARP] = true;
        unsigned first = leader / WARP * WARP, end = std::min(first + WARP, count);
        do {
            for (unsigned t = first; t < end && !message[0]; t++)
                if (threads[t].state == READY) run(t);
            if (message[0]) return;
        } while (release_warp(first, end));
        if (message[0]) return;
    }
}

static void run_block(const std::vector<unsigned> &order, bool ahead)
{
    unsigned count = order.size();
    if (__start_block_shared) memset(__start_block_shared, POISON, __stop_block_shared - __start_block_shared);
    if (threads.size() < count) threads.resize(count);
    for (unsigned t = 0; t < count; t++) {
        threads[t].state = READY;
        threads[t].index = {t % blockDim.x, t / blockDim.x % blockDim.y, t / (blockDim.x * blockDim.y)};
    }
    for (;;) {
        ahead ? run_ahead(order) : run_abreast(order);
        if (message[0]) return;
        unsigned done = 0, waiting = 0;
        for (unsigned t = 0; t < count; t++) {
            done += threads[t].state == DONE;
            waiting += threads[t].state == AT_BLOCK_BARRIER;
        }
        if (done == count) return;
        if (waiting < count) {
            snprintf(message, sizeof message, "%u of %u threads wait at __syncthreads, the others never come", waiting, count);
            return;
        }
        for (unsigned t = 0; t < count; t++) threads[t].state = READY;
    }
}

static void forget_threads()
{
    for (Thread &thread : threads) {
        if (thread.stack) spare_stacks.push_back(thread.stack);
        thread.stack = nullptr;
    }
}

// Launches a kernel; seed 0 is the natural order of blocks and threads, another one a random order, in which about half of
// the blocks run warp by warp.
static const char *launch(void (*kernel)(void *const *), const unsigned *grid, const unsigned *block, unsigned seed,
                          void *const *values)
{
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {block[0], block[1], block[2]};
    body = kernel;
    arguments = values;
    message[0] = 0;
    std::mt19937 random(seed);
    std::vector<unsigned> blocks(grid[0] * grid[1] * grid[2]), order(block[0] * block[1] * block[2]);
    for (unsigned b = 0; b < blocks.size(); b++) blocks[b] = b;
    for (unsigned t = 0; t < order.size(); t++) order[t] = t;
    if (seed) std::shuffle(blocks.begin(), blocks.end(), random);
    for (unsigned b : blocks) {
        blockIdx = {b % grid[0], b / grid[0] % grid[1], b / (grid[0] * grid[1])};
        if (seed) std::shuffle(order.begin(), order.end(), random);
        run_block(order, seed && random() % 2);
        if (message[0]) break;
    }
    forget_threads();
    return message;
}

// Calls a kernel with arguments given as pointers to values, as cuLaunchKernel takes them.
template <class... P, size_t... I>
static void call(void (*kernel)(P...), void *const *values, std::index_sequence<I...>)
{
    kernel(*static_cast<std::remove_const_t<P> *>(values[I])...);
}
template <class... P> static void call(void (*kernel)(P...), void *const *values)
{
    call(kernel, values, std::index_sequence_for<P...>{});
}

// Sizes of a kernel's parameters, negative for pointers; returns how many there are.
template <class... P> static int sizes(void (*)(P...), int *into)
{
    int found[] = {(std::is_pointer_v<P> ? -1 : 1) * static_cast<int>(sizeof(P))..., 0};
    memcpy(into, found, sizeof...(P) * sizeof(int));
    return sizeof...(P);
}

static inline unsigned lane_in_block() { return threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z); }

static inline void wait_at(State barrier)
{
    threads[running].state = barrier;
    to_scheduler();
}

// Every lane gives a value and takes that of lane `source`; all 32 lanes must take part.
template <class T> static inline T shuffle(unsigned mask, T value, unsigned source)
{
    static_assert(sizeof(T) <= 8, "shuffles carry up to 64 bits");
    unsigned self = lane_in_block(), warp = self / WARP;
    if (mask != 0xffffffffu || blockDim.x * blockDim.y * blockDim.z % WARP) fail("a shuffle without a whole warp");
    memcpy(&exchanged[warp][self % WARP], &value, sizeof value);
    wait_at(AT_WARP_BARRIER);
    T taken;
    memcpy(&taken, &exchanged[warp][source % WARP], sizeof taken);
    wait_at(AT_WARP_BARRIER);
    return taken;
}

}  // namespace emulation

// ---- what kernels may use ----

struct alignas(8) float2 { float x, y; };
struct alignas(16) float4 { float x, y, z, w; };
struct alignas(16) uint4 { unsigned x, y, z, w; };
struct alignas(4) uchar4 { unsigned char x, y, z, w; };
static inline float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
static inline uchar4 make_uchar4(unsigned char x, unsigned char y, unsigned char z, unsigned char w) { return {x, y, z, w}; }

static inline int __float_as_int(float value) { int bits; memcpy(&bits, &value, 4); return bits; }
static inline float __int_as_float(int bits) { float value; memcpy(&value, &bits, 4); return value; }
static inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32); }
template <class T> static inline T __ldg(const T *place) { return *place; }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }

// Threads take turns, so that plain read-modify-write is atomic. Sums of floats depend on the order: there are none.
template <class T> static inline T atomicAdd(T *place, T value)
{
    static_assert(std::is_integral_v<T>, "float atomics depend on the order");
    T before = *place;
    *place = before + value;
    return before;
}
template <class T> static inline T atomicMax(T *place, T value)
{
    static_assert(std::is_integral_v<T>, "float atomics depend on the order");
    T before = *place;
    *place = std::max(before, value);
    return before;
}

static inline void __syncthreads() { emulation::wait_at(emulation::AT_BLOCK_BARRIER); }
static inline void __syncwarp(unsigned = 0xffffffffu) { emulation::wait_at(emulation::AT_WARP_BARRIER); }
template <class T> static inline T __shfl_sync(unsigned mask, T value, int source)
{
    return emulation::shuffle(mask, value, static_cast<unsigned>(source));
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T value, int lanes)
{
    return emulation::shuffle(mask, value, emulation::lane_in_block() % 32 ^ static_cast<unsigned>(lanes));
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T value, unsigned delta)
{
    unsigned self = emulation::lane_in_block() % 32;
    return emulation::shuffle(mask, value, self >= delta ? self - delta : self);
}

// What Python calls: EMULATED(kernel) after the source.
#define EMULATED(name)                                                                                          \
    extern "C" int sizes_of_##name(int *into) { return emulation::sizes(&name, into); }                         \
    extern "C" const char *launch_##name(const unsigned *grid, const unsigned *block, unsigned seed, void *const *values) \
    {                                                                                                           \
        return emulation::launch([](void *const *given) { emulation::call(&name, given); }, grid, block, seed, values); \
    }
