/* A stand-in for the Level Zero loader's system management with the same symbols, structures and
 * result numbers. It is driven by a text file whose path is in IPW_ZE_STUB_SCRIPT and which is read
 * anew at every call:
 *
 *   init 0                            result of zesInit
 *   gpu 0000:03:00.0 1500000 0 2 1    PCI address, counter in µJ, result of its reading, tiles,
 *                                     1: it has a card power domain, 0: only enumerated domains
 *
 * A GPU whose line disappears is gone, and later GPUs move up one index.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loud.h"

enum { kMaxGpus = 16 };
#define DEVICE_LOST 0x70000001u
#define UNSUPPORTED 0x78000003u

struct Gpu {
  unsigned domain, bus, device, function;
  unsigned long long microjoules;
  unsigned result, tiles, card_domain;
};

typedef struct {
  uint32_t stype;
  void* pNext;
  struct {
    uint32_t domain, bus, device, function;
  } address;
  struct {
    int32_t gen, width;
    int64_t maxBandwidth;
  } maxSpeed;
  uint8_t haveBandwidthCounters, havePacketCounters, haveReplayCounters;
} zes_pci_properties_t;

typedef struct {
  uint32_t stype;
  void* pNext;
  uint8_t onSubdevice;
  uint32_t subdeviceId;
  uint8_t canControl, isEnergyThresholdSupported;
  int32_t defaultLimit, minLimit, maxLimit;
} zes_power_properties_t;

typedef struct {
  uint64_t energy, timestamp;
} zes_power_energy_counter_t;

typedef struct {
  uint32_t stype;
  void* pNext;
  struct {
    uint32_t stype;
    void* pNext;
    uint32_t type, vendorId, deviceId, flags, subdeviceId, coreClockRate;
    uint64_t maxMemAllocSize;
    uint32_t maxHardwareContexts, maxCommandQueuePriority, numThreadsPerEU, physicalEUSimdWidth,
        numEUsPerSubslice, numSubslicesPerSlice, numSlices;
    uint64_t timerResolution;
    uint32_t timestampValidBits, kernelTimestampValidBits;
    uint8_t uuid[16];
    char name[256];
  } core;
  uint32_t numSubdevices;
  char texts[6][64];
} zes_device_properties_t;

static int read_script(struct Gpu* gpus, unsigned* init_result) {
  const char* path = getenv("IPW_ZE_STUB_SCRIPT");
  FILE* file = path ? fopen(path, "r") : NULL;
  char line[256];
  int count = 0;
  *init_result = 0;
  if (!file) return 0;
  while (fgets(line, sizeof line, file)) {
    struct Gpu gpu;
    memset(&gpu, 0, sizeof gpu);
    if (sscanf(line, "init %x", init_result) == 1) continue;
    if (count < kMaxGpus &&
        sscanf(line, "gpu %x:%x:%x.%x %llu %x %u %u", &gpu.domain, &gpu.bus, &gpu.device,
               &gpu.function, &gpu.microjoules, &gpu.result, &gpu.tiles, &gpu.card_domain) == 8) {
      gpus[count++] = gpu;
    }
  }
  fclose(file);
  return count;
}

/* Handles: a device is its index + 1; a power domain 100 × (index + 1) + 0 for the card or 1, 2, …
 * for the enumerated domains, of which those before the last are a tile's. */
static uint32_t find(uintptr_t handle, struct Gpu* gpu) {
  struct Gpu gpus[kMaxGpus];
  unsigned init_result;
  const int count = read_script(gpus, &init_result);
  if (handle == 0 || handle > (uintptr_t)count) return DEVICE_LOST;
  *gpu = gpus[handle - 1];
  return 0;
}

uint32_t zesInit(uint32_t flags) {
  print_loudly();
  struct Gpu gpus[kMaxGpus];
  unsigned init_result;
  (void)read_script(gpus, &init_result);
  return flags == 0 ? init_result : 1;
}

uint32_t zesDriverGet(uint32_t* count, void** drivers) {
  if (drivers && *count > 0) drivers[0] = (void*)(uintptr_t)7;
  *count = 1;
  return 0;
}

uint32_t zesDeviceGet(void* driver, uint32_t* count, void** devices) {
  struct Gpu gpus[kMaxGpus];
  unsigned init_result;
  const uint32_t there = (uint32_t)read_script(gpus, &init_result);
  if ((uintptr_t)driver != 7) return 1;
  for (uint32_t i = 0; devices && i < there && i < *count; ++i) {
    devices[i] = (void*)(uintptr_t)(i + 1);
  }
  *count = there;
  return 0;
}

uint32_t zesDeviceGetProperties(void* device, zes_device_properties_t* properties) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)device, &gpu);
  if (result != 0) return result;
  if (properties->stype != 1) return 1;
  snprintf(properties->core.name, sizeof properties->core.name, "Stub Arc");
  properties->numSubdevices = gpu.tiles;
  return 0;
}

uint32_t zesDevicePciGetProperties(void* device, zes_pci_properties_t* properties) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)device, &gpu);
  if (result != 0) return result;
  if (properties->stype != 2) return 1;
  properties->address.domain = gpu.domain;
  properties->address.bus = gpu.bus;
  properties->address.device = gpu.device;
  properties->address.function = gpu.function;
  return 0;
}

uint32_t zesDeviceGetCardPowerDomain(void* device, void** power) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)device, &gpu);
  if (result != 0) return result;
  if (!gpu.card_domain) return UNSUPPORTED;
  *power = (void*)(100 * (uintptr_t)device);
  return 0;
}

uint32_t zesDeviceEnumPowerDomains(void* device, uint32_t* count, void** domains) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)device, &gpu);
  if (result != 0) return result;
  for (uint32_t i = 0; domains && i <= gpu.tiles && i < *count; ++i) {
    domains[i] = (void*)(100 * (uintptr_t)device + 1 + i);
  }
  *count = gpu.tiles + 1;
  return 0;
}

uint32_t zesPowerGetProperties(void* power, zes_power_properties_t* properties) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)power / 100, &gpu);
  if (result != 0) return result;
  if (properties->stype != 0xd) return 1;
  properties->onSubdevice = (uintptr_t)power % 100 <= gpu.tiles;
  return 0;
}

uint32_t zesPowerGetEnergyCounter(void* power, zes_power_energy_counter_t* counter) {
  struct Gpu gpu;
  const uint32_t result = find((uintptr_t)power / 100, &gpu);
  if (result != 0) return result;
  if (gpu.result != 0) return gpu.result;
  counter->energy = gpu.microjoules;
  counter->timestamp = 0;
  return 0;
}
