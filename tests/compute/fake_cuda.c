/* A stand-in for libcuda.so.1 that answers questions about GPUs from the environment; it computes nothing.

   FAKE_N            how many GPUs there are (1)
   FAKE_DRV          the CUDA version the driver serves (12040)
   FAKE_CUINIT       what cuInit returns (0)
   FAKE_FAIL         CALL:CODE, the one call that returns CODE
   FAKE_NAME[_k]     name of every GPU, or of GPU k; likewise
   FAKE_CC[_k]       compute capability, 89 for 8.9
   FAKE_MEM[_k]      memory in bytes
   FAKE_SMS[_k]      multiprocessors
   FAKE_UUID[_k]     32 hexadecimal digits
   FAKE_SAY          text that cuInit writes to standard output
   FAKE_HANG         cuInit never returns
   FAKE_CRASH        segfault: cuInit crashes; a number: cuInit ends the process with it
*/
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STRANGER = 70 }; /* handles are not ordinals */

static int ready = 0;

static const char *text(const char *name, int gpu, const char *otherwise) {
    char key[64];
    snprintf(key, sizeof key, "FAKE_%s_%d", name, gpu);
    const char *given = getenv(key);
    if (!given) {
        snprintf(key, sizeof key, "FAKE_%s", name);
        given = getenv(key);
    }
    return given ? given : otherwise;
}

static int number(const char *name, int otherwise) {
    const char *given = getenv(name);
    return given ? atoi(given) : otherwise;
}

static int told(const char *call) {
    const char *given = getenv("FAKE_FAIL");
    size_t length = strlen(call);
    return given && !strncmp(given, call, length) && given[length] == ':' ? atoi(given + length + 1) : 0;
}

static int refused(const char *call, int handle) {
    if (!ready) return 3; /* CUDA_ERROR_NOT_INITIALIZED */
    if (handle < STRANGER || handle >= STRANGER + number("FAKE_N", 1)) return 101; /* CUDA_ERROR_INVALID_DEVICE */
    return told(call);
}

int cuDriverGetVersion(int *version) {
    int code = told("cuDriverGetVersion");
    if (!code) *version = number("FAKE_DRV", 12040);
    return code;
}

int cuInit(unsigned flags) {
    const char *crash = getenv("FAKE_CRASH"), *say = getenv("FAKE_SAY");
    if (say && write(1, say, strlen(say)) < 0) _exit(1);
    if (getenv("FAKE_HANG"))
        for (;;) pause();
    if (crash && !strcmp(crash, "segfault")) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        raise(SIGSEGV);
    }
    if (crash) exit(atoi(crash));
    int code = flags ? 1 : number("FAKE_CUINIT", 0); /* CUDA_ERROR_INVALID_VALUE */
    ready = !code;
    return code;
}

int cuDeviceGetCount(int *count) {
    if (!ready) return 3;
    int code = told("cuDeviceGetCount");
    if (!code) *count = number("FAKE_N", 1);
    return code;
}

int cuDeviceGet(int *handle, int ordinal) {
    int code = refused("cuDeviceGet", STRANGER + ordinal);
    if (!code) *handle = STRANGER + ordinal;
    return code;
}

int cuDeviceGetName(char *name, int length, int handle) {
    int code = refused("cuDeviceGetName", handle);
    if (code) return code;
    strncpy(name, text("NAME", handle - STRANGER, "Fake GPU"), length);
    name[length - 1] = 0;
    return 0;
}

int cuDeviceGetUuid_v2(unsigned char *uuid, int handle) {
    int code = refused("cuDeviceGetUuid_v2", handle), gpu = handle - STRANGER;
    if (code) return code;
    char own[33];
    snprintf(own, sizeof own, "%08x000000000000000000000000", gpu + 0xa0);
    const char *digits = text("UUID", gpu, own);
    for (int i = 0; i < 16; i++) sscanf(digits + 2 * i, "%2hhx", uuid + i);
    return 0;
}

int cuDeviceTotalMem_v2(size_t *bytes, int handle) {
    int code = refused("cuDeviceTotalMem_v2", handle);
    if (!code) *bytes = strtoull(text("MEM", handle - STRANGER, "25769803776"), NULL, 10);
    return code;
}

int cuDeviceGetAttribute(int *value, int which, int handle) {
    int code = refused("cuDeviceGetAttribute", handle), gpu = handle - STRANGER;
    if (code) return code;
    int capability = atoi(text("CC", gpu, "89"));
    switch (which) {
    case 16: *value = atoi(text("SMS", gpu, "128")); return 0; /* MULTIPROCESSOR_COUNT */
    case 75: *value = capability / 10; return 0;               /* COMPUTE_CAPABILITY_MAJOR */
    case 76: *value = capability % 10; return 0;               /* COMPUTE_CAPABILITY_MINOR */
    default: return 1;
    }
}
