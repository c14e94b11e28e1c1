/* A stand-in for NVIDIA's management library with the same symbols, calling convention and error
 * numbers, so that the loading of the real one is tested without its hardware. It is driven by a
 * text file whose path is in IPW_NVML_STUB_SCRIPT and which is read anew at every call, so that a
 * test can change what happens while a sensor is open:
 *
 *   init 0                       return code of nvmlInit_v2
 *   gpu GPU-1111 1500 0 0        UUID, energy in mJ, return code of its calls, MIG mode (0 or 1)
 *   gpu GPU-2222 99 15 0
 *   power GPU-1111 250000        its power in mW; without the line it has no power sensor
 *   nocounter GPU-1111           its energy is not supported
 *   slice GPU-1111 MIG-aaaa 3    a MIG slice of it with so many of the 7 compute slices
 *   process GPU-1111 4242        a process that computes on it
 *   processes GPU-1111 4         return code of the list of its processes
 *   entry 32                     bytes of an entry of that list's third version (default 24)
 *   newest 2                     newest version of the list that the driver answers (default 3)
 *
 * A GPU whose line disappears is gone: handles held for it answer "GPU is lost" and later GPUs move
 * up one index. The handle of a GPU carries the number of its line's last word, "handle N" (default
 * 0): when that number changes, older handles are stale.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loud.h"

typedef int nvmlReturn_t;
typedef struct nvmlDevice_st* nvmlDevice_t;

enum { kSuccess = 0, kInvalidArgument = 2, kNotFound = 6, kGpuLost = 15 };
enum { kMaxGpus = 16, kUuidSize = 80 };

struct Gpu {
  char uuid[kUuidSize];
  unsigned long long millijoules;
  int code;
  unsigned mig;
  unsigned handle;
};

struct nvmlDevice_st {
  char uuid[kUuidSize];
  unsigned handle;
  unsigned slices; /* of a MIG device; 0: a whole GPU */
};

static struct nvmlDevice_st handles[256];
static unsigned handle_count = 0;

static int read_script(struct Gpu* gpus, int* init_code) {
  const char* path = getenv("IPW_NVML_STUB_SCRIPT");
  FILE* file = path ? fopen(path, "r") : NULL;
  char line[256];
  int count = 0;
  *init_code = kSuccess;
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    struct Gpu gpu;
    memset(&gpu, 0, sizeof gpu);
    if (sscanf(line, "init %d", init_code) == 1) continue;
    if (count < kMaxGpus && sscanf(line, "gpu %79s %llu %d %u handle %u", gpu.uuid,
                                   &gpu.millijoules, &gpu.code, &gpu.mig, &gpu.handle) >= 2) {
      gpus[count++] = gpu;
    }
  }
  fclose(file);
  return count;
}

static nvmlReturn_t find(nvmlDevice_t device, struct Gpu* found) {
  struct Gpu gpus[kMaxGpus];
  int init_code;
  const int count = read_script(gpus, &init_code);
  for (int i = 0; i < count; ++i) {
    if (strcmp(gpus[i].uuid, device->uuid) != 0) continue;
    if (gpus[i].handle != device->handle) return kGpuLost;
    *found = gpus[i];
    return gpus[i].code;
  }
  return kGpuLost;
}

static nvmlReturn_t open_handle(const struct Gpu* gpu, nvmlDevice_t* device) {
  struct nvmlDevice_st* slot = &handles[handle_count++ % 256];
  memcpy(slot->uuid, gpu->uuid, kUuidSize);
  slot->handle = gpu->handle;
  slot->slices = 0;
  *device = slot;
  return kSuccess;
}

nvmlReturn_t nvmlInit_v2(void) {
  struct Gpu gpus[kMaxGpus];
  int init_code;
  print_loudly();
  (void)read_script(gpus, &init_code);
  return init_code;
}

nvmlReturn_t nvmlShutdown(void) { return kSuccess; }

const char* nvmlErrorString(nvmlReturn_t code) {
  switch (code) {
    case kSuccess: return "Success";
    case 3: return "Not Supported";
    case 4: return "Insufficient Permissions";
    case kNotFound: return "Not Found";
    case 9: return "Driver Not Loaded";
    case kGpuLost: return "GPU is lost";
    default: return "Unknown Error";
  }
}

nvmlReturn_t nvmlDeviceGetCount_v2(unsigned* count) {
  struct Gpu gpus[kMaxGpus];
  int init_code;
  *count = (unsigned)read_script(gpus, &init_code);
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t* device) {
  struct Gpu gpus[kMaxGpus];
  int init_code;
  if (index >= (unsigned)read_script(gpus, &init_code)) return kInvalidArgument;
  return open_handle(&gpus[index], device);
}

nvmlReturn_t nvmlDeviceGetHandleByUUID(const char* uuid, nvmlDevice_t* device) {
  struct Gpu gpus[kMaxGpus];
  int init_code;
  const int count = read_script(gpus, &init_code);
  for (int i = 0; i < count; ++i) {
    if (strcmp(gpus[i].uuid, uuid) == 0) return open_handle(&gpus[i], device);
  }
  return kNotFound;
}

nvmlReturn_t nvmlDeviceGetName(nvmlDevice_t device, char* name, unsigned length) {
  struct Gpu gpu;
  if (find(device, &gpu) == kGpuLost) return kGpuLost;
  snprintf(name, length, "Stub Accelerator");
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetUUID(nvmlDevice_t device, char* uuid, unsigned length) {
  snprintf(uuid, length, "%s", device->uuid);
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned* current, unsigned* pending) {
  struct Gpu gpu;
  const nvmlReturn_t code = find(device, &gpu);
  if (code != kSuccess) return code;
  *current = *pending = gpu.mig;
  return kSuccess;
}

/* The number-th line "WORD GPU-… REST", its REST; 0 where there is none. */
static int find_line(const char* word, const char* uuid, int number, char* rest, size_t size) {
  const char* path = getenv("IPW_NVML_STUB_SCRIPT");
  FILE* file = path ? fopen(path, "r") : NULL;
  char line[256];
  int found = 0;
  if (!file) return 0;
  while (!found && fgets(line, sizeof line, file)) {
    char first[32] = "";
    char second[kUuidSize] = "";
    int at = 0;
    if (sscanf(line, "%31s %79s %n", first, second, &at) < 2) continue;
    if (strcmp(first, word) != 0 || strcmp(second, uuid) != 0 || number-- > 0) continue;
    snprintf(rest, size, "%s", line + at);
    found = 1;
  }
  fclose(file);
  return found;
}

typedef struct {
  unsigned fieldId, scopeId;
  long long timestamp, latencyUsec;
  int valueType, nvmlReturn;
  union {
    double d;
    unsigned ui;
    unsigned long long ull;
  } value;
} nvmlFieldValue_t;

nvmlReturn_t nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned* milliwatts) {
  struct Gpu gpu;
  char rest[128];
  const nvmlReturn_t code = find(device, &gpu);
  if (code != kSuccess) return code;
  if (!find_line("power", device->uuid, 0, rest, sizeof rest)) return 3;
  *milliwatts = (unsigned)strtoul(rest, NULL, 10);
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetFieldValues(nvmlDevice_t device, int count, nvmlFieldValue_t* values) {
  for (int i = 0; i < count; ++i) {
    if (values[i].fieldId != 186) {
      values[i].nvmlReturn = 3;
      continue;
    }
    values[i].nvmlReturn = nvmlDeviceGetPowerUsage(device, &values[i].value.ui);
    values[i].valueType = 1;
  }
  return kSuccess;
}

typedef struct {
  unsigned multiprocessorCount, sharedCopyEngineCount, sharedDecoderCount, sharedEncoderCount,
      sharedJpegCount, sharedOfaCount, gpuInstanceSliceCount, computeInstanceSliceCount;
  unsigned long long memorySizeMB;
} nvmlDeviceAttributes_t;

nvmlReturn_t nvmlDeviceGetMaxMigDeviceCount(nvmlDevice_t device, unsigned* count) {
  (void)device;
  *count = 7;
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice_t device, unsigned index,
                                                 nvmlDevice_t* slice) {
  char rest[128];
  struct nvmlDevice_st* slot = &handles[handle_count++ % 256];
  if (!find_line("slice", device->uuid, (int)index, rest, sizeof rest)) return kNotFound;
  memset(slot, 0, sizeof *slot);
  if (sscanf(rest, "%79s %u", slot->uuid, &slot->slices) != 2) return kNotFound;
  *slice = slot;
  return kSuccess;
}

nvmlReturn_t nvmlDeviceGetAttributes_v2(nvmlDevice_t device, nvmlDeviceAttributes_t* attributes) {
  if (device->slices == 0) return kInvalidArgument;
  memset(attributes, 0, sizeof *attributes);
  attributes->gpuInstanceSliceCount = device->slices;
  return kSuccess;
}

/* The value of the first line "WORD NUMBER", or `otherwise`. */
static unsigned setting(const char* word, unsigned otherwise) {
  const char* path = getenv("IPW_NVML_STUB_SCRIPT");
  FILE* file = path ? fopen(path, "r") : NULL;
  char line[256];
  if (!file) return otherwise;
  while (fgets(line, sizeof line, file)) {
    char first[32] = "";
    unsigned value = 0;
    if (sscanf(line, "%31s %u", first, &value) == 2 && strcmp(first, word) == 0) otherwise = value;
  }
  fclose(file);
  return otherwise;
}

/* nvmlProcessInfo_v1_t, and what later versions add. */
struct ProcessEntry {
  unsigned pid;
  unsigned long long usedGpuMemory;
  unsigned gpuInstanceId, computeInstanceId;
  unsigned long long usedGpuCcProtectedMemory;
};

static nvmlReturn_t list_processes(nvmlDevice_t device, unsigned version, size_t entry,
                                   unsigned* count, void* infos) {
  struct Gpu gpu;
  char rest[128];
  const nvmlReturn_t code = find(device, &gpu);
  const unsigned capacity = *count;
  if (version > setting("newest", 3)) return 13;
  if (code != kSuccess) return code;
  if (find_line("processes", device->uuid, 0, rest, sizeof rest)) return atoi(rest);
  for (*count = 0; find_line("process", device->uuid, (int)*count, rest, sizeof rest); ++*count) {
    struct ProcessEntry info = {0, ~0ULL, ~0U, ~0U, 0};
    info.pid = (unsigned)strtoul(rest, NULL, 10);
    if (*count < capacity) memcpy((char*)infos + *count * entry, &info, entry);
  }
  return *count > capacity ? 7 : kSuccess;
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned* count,
                                                  void* infos) {
  return list_processes(device, 1, 16, count, infos);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v2(nvmlDevice_t device, unsigned* count,
                                                     void* infos) {
  return list_processes(device, 2, 24, count, infos);
}

nvmlReturn_t nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned* count,
                                                     void* infos) {
  return list_processes(device, 3, setting("entry", 24), count, infos);
}

#ifndef IPW_STUB_WITHOUT_ENERGY
nvmlReturn_t nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, unsigned long long* energy) {
  struct Gpu gpu;
  char rest[128];
  const nvmlReturn_t code = find(device, &gpu);
  if (code != kSuccess) return code;
  if (find_line("nocounter", device->uuid, 0, rest, sizeof rest)) return 3;
  *energy = gpu.millijoules;
  return kSuccess;
}
#endif
