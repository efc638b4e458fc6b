/** Numbers that others define, beside what their headers say (Linux 7.1): a slip would misread files of every machine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_IS } from '../host/host.js';
import * as perf from './perf-abi/constants.js';
import { FRAME_CODE, KPF } from './proc/kpageflags.js';
import { PAGEMAP_ENTRY_BYTES, PAGEMAP_HIGH } from './proc/pagemap.js';

// biome-ignore format: tables
const PERF: Record<string, unknown> = {
  RECORD: {
    mmap: 1, lost: 2, comm: 3, exit: 4, throttle: 5, unthrottle: 6, fork: 7, read: 8, sample: 9, mmap2: 10, aux: 11,
    itraceStart: 12, lostSamples: 13, switch: 14, switchCpuWide: 15, cgroup: 19,
    headerAttr: 64, tracingData: 66, headerBuildId: 67, finishedRound: 68, idIndex: 69, auxtraceInfo: 70, auxtrace: 71,
    auxtraceError: 72, threadMap: 73, eventUpdate: 78, timeConv: 79, headerFeature: 80, compressed: 81,
    finishedInit: 82, compressed2: 83,
  },
  RECORD_HEADER_BYTES: 8,
  SAMPLE_FIELD: {
    ip: 0x1, tid: 0x2, time: 0x4, addr: 0x8, read: 0x10, callchain: 0x20, id: 0x40, cpu: 0x80, period: 0x100,
    streamId: 0x200, raw: 0x400, branchStack: 0x800, regsUser: 0x1000, stackUser: 0x2000, weight: 0x4000,
    dataSource: 0x8000, identifier: 0x10000, transaction: 0x20000, regsIntr: 0x40000, physAddr: 0x80000, aux: 0x100000,
    cgroup: 0x200000, dataPageSize: 0x400000, codePageSize: 0x800000, weightStruct: 0x1000000,
  },
  READ_FORMAT: { enabled: 1, running: 2, id: 4, group: 8, lost: 16 },
  BRANCH_FORMAT: { hardwareIndex: 0x20000, counters: 0x80000 },
  ATTR_FLAG: {
    inherit: 0x2, excludeUser: 0x10, excludeKernel: 0x20, excludeHypervisor: 0x40, excludeIdle: 0x80, mmap: 0x100,
    comm: 0x200, freq: 0x400, task: 0x2000, mmapData: 0x20000, sampleIdAll: 0x40000, excludeHost: 0x80000,
    excludeGuest: 0x100000, mmap2: 0x800000, useClockId: 0x2000000,
  },
  MISC: {
    cpuModeMask: 7, kernel: 1, user: 2, hypervisor: 3, guestKernel: 4, guestUser: 5, switchOut: 0x2000,
    mmapBuildId: 0x4000, exactIp: 0x4000, commExec: 0x2000,
  },
  FEATURE: {
    buildId: 2, hostname: 3, osRelease: 4, version: 5, arch: 6, cpuCount: 7, cpuDescription: 8, cpuId: 9,
    commandLine: 11, eventDescription: 12, pmuMappings: 16, sampleTime: 21, memoryTopology: 22, clockId: 23,
    dirFormat: 24, compressed: 27, clockData: 29, pmuCaps: 31,
  },
  AUX_FLAG: { truncated: 1, overwrite: 2, partial: 4, collision: 8 },
  AUXTRACE_ARM_SPE: 4,
  SOFTWARE: { type: 1, pageFaults: 2, minorFaults: 5, majorFaults: 6 },
  TRACEPOINT_TYPE: 2,
};

test('perf.data: perf_event.h, and what perf adds', () => {
  assert.deepEqual({ ...perf }, PERF);
});

test('frames: kernel-page-flags.h', () => {
  // biome-ignore format: a table
  assert.deepEqual(KPF, {
    LOCKED: 0x1, REFERENCED: 0x4, DIRTY: 0x10, LRU: 0x20, ACTIVE: 0x40, SLAB: 0x80, WRITEBACK: 0x100, BUDDY: 0x400,
    MMAP: 0x800, ANON: 0x1000, SWAPCACHE: 0x2000, SWAPBACKED: 0x4000, COMPOUND_HEAD: 0x8000, COMPOUND_TAIL: 0x10000,
    HUGE: 0x20000, UNEVICTABLE: 0x40000, NOPAGE: 0x100000, KSM: 0x200000, THP: 0x400000, ZERO_PAGE: 0x1000000,
  });
  const codes = Object.values(FRAME_CODE);
  assert.ok(
    codes.every((code) => code > 64 && code < 256) && new Set(codes).size === codes.length,
    'no orders',
  );
});

test('page tables: pagemap.rst and PAGEMAP_SCAN in fs.h', () => {
  assert.equal(PAGEMAP_ENTRY_BYTES, 8);
  // biome-ignore format: a table
  assert.deepEqual(PAGEMAP_HIGH, {
    frame: 0x7fffff, softDirty: 0x800000, exclusive: 0x1000000, guard: 0x4000000, file: 0x20000000, swapped: 0x40000000,
    present: 0x80000000 | 0,
  });
  // biome-ignore format: a table
  assert.deepEqual(PAGE_IS, {
    WPALLOWED: 1, WRITTEN: 2, FILE: 4, PRESENT: 8, SWAPPED: 16, PFNZERO: 32, HUGE: 64, SOFT_DIRTY: 128, GUARD: 256,
    ACCESSED: 512,
  });
});
