/* A stand-in for AMD's two management libraries, amd-smi and rocm-smi, with the same symbols,
 * calling convention and error numbers. It is driven by a text file whose path is in
 * IPW_AMD_STUB_SCRIPT and which is read anew at every call:
 *
 *   init 0                                          status of amdsmi_init and rsmi_init
 *   gpu 0000:03:00.0 100000 0 GPU-00000000000000aa  PCI address, counter in 15.3 µJ, status, UUID
 *
 * A GPU whose line disappears is gone, and later GPUs move up one index. Handles of amd-smi are the
 * indices at the time of listing, as a stale handle of the real library may be.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loud.h"

enum { kMaxGpus = 16 };

struct Gpu {
  unsigned domain, bus, device, function;
  unsigned long long count;
  int status;
  char uuid[64];
};

static int read_script(struct Gpu* gpus, int* init_status) {
  const char* path = getenv("IPW_AMD_STUB_SCRIPT");
  FILE* file = path ? fopen(path, "r") : NULL;
  char line[256];
  int count = 0;
  *init_status = 0;
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    struct Gpu gpu;
    memset(&gpu, 0, sizeof gpu);
    if (sscanf(line, "init %d", init_status) == 1) continue;
    if (count < kMaxGpus &&
        sscanf(line, "gpu %x:%x:%x.%x %llu %d %63s", &gpu.domain, &gpu.bus, &gpu.device,
               &gpu.function, &gpu.count, &gpu.status, gpu.uuid) >= 6) {
      gpus[count++] = gpu;
    }
  }
  fclose(file);
  return count;
}

static int find(uint32_t index, struct Gpu* gpu) {
  struct Gpu gpus[kMaxGpus];
  int init_status;
  if (index >= (uint32_t)read_script(gpus, &init_status)) return 0;
  *gpu = gpus[index];
  return 1;
}

static int init(void) {
  struct Gpu gpus[kMaxGpus];
  int init_status;
  (void)read_script(gpus, &init_status);
  return init_status;
}

static uint32_t number_of_gpus(void) {
  struct Gpu gpus[kMaxGpus];
  int init_status;
  return (uint32_t)read_script(gpus, &init_status);
}

static uint64_t low_bits(const struct Gpu* gpu) {
  return (uint64_t)gpu->bus << 8 | (uint64_t)gpu->device << 3 | gpu->function;
}

/* amd-smi; one socket holds all GPUs */

int amdsmi_init(uint64_t flags) {
  print_loudly();
  return flags == 2 ? init() : 1;
}
int amdsmi_shut_down(void) { return 0; }

int amdsmi_get_socket_handles(uint32_t* count, void** sockets) {
  if (*count > 0 && sockets) sockets[0] = (void*)(uintptr_t)0x1000;
  *count = 1;
  return 0;
}

int amdsmi_get_processor_handles(void* socket, uint32_t* count, void** processors) {
  const uint32_t gpus = number_of_gpus();
  if ((uintptr_t)socket != 0x1000) return 1;
  for (uint32_t i = 0; processors && i < gpus && i < *count; ++i) {
    processors[i] = (void*)(uintptr_t)(i + 1);
  }
  *count = gpus;
  return 0;
}

int amdsmi_get_gpu_device_bdf(void* processor, uint64_t* bdf) {
  struct Gpu gpu;
  if (!find((uint32_t)((uintptr_t)processor - 1), &gpu)) return 31;
  *bdf = (uint64_t)gpu.domain << 16 | low_bits(&gpu);
  return 0;
}

int amdsmi_get_gpu_device_uuid(void* processor, unsigned* length, char* uuid) {
  struct Gpu gpu;
  if (!find((uint32_t)((uintptr_t)processor - 1), &gpu)) return 31;
  snprintf(uuid, *length, "%s", gpu.uuid);
  return 0;
}

static int energy(uint32_t index, int gone, uint64_t* count, float* resolution,
                  uint64_t* timestamp) {
  struct Gpu gpu;
  if (!find(index, &gpu)) return gone;
  if (gpu.status != 0) return gpu.status;
  *count = gpu.count;
  *resolution = 15.3F;
  *timestamp = 0;
  return 0;
}

int amdsmi_get_energy_count(void* processor, uint64_t* count, float* resolution,
                            uint64_t* timestamp) {
  return energy((uint32_t)((uintptr_t)processor - 1), 31, count, resolution, timestamp);
}

/* rocm-smi */

int rsmi_init(uint64_t flags) {
  print_loudly();
  return flags == 0 ? init() : 1;
}
int rsmi_shut_down(void) { return 0; }

int rsmi_num_monitor_devices(uint32_t* count) {
  *count = number_of_gpus();
  return 0;
}

int rsmi_dev_pci_id_get(uint32_t index, uint64_t* bdf) {
  struct Gpu gpu;
  if (!find(index, &gpu)) return 1;
  *bdf = (uint64_t)gpu.domain << 32 | low_bits(&gpu);
  return 0;
}

int rsmi_dev_unique_id_get(uint32_t index, uint64_t* unique) {
  struct Gpu gpu;
  if (!find(index, &gpu) || strncmp(gpu.uuid, "GPU-", 4) != 0) return 2;
  *unique = strtoull(gpu.uuid + 4, NULL, 16);
  return 0;
}

int rsmi_dev_energy_count_get(uint32_t index, uint64_t* count, float* resolution,
                              uint64_t* timestamp) {
  return energy(index, 1, count, resolution, timestamp);
}
