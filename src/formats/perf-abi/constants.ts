/**
 * Numbers of the perf.data format: include/uapi/linux/perf_event.h for what the kernel writes,
 * tools/lib/perf/include/perf/event.h and tools/perf/util/header.h for what perf adds.
 */

/** Types below 64 come from the kernel and may carry a sample_id trailer; the others are perf's own. */
export const RECORD = {
  mmap: 1,
  lost: 2,
  comm: 3,
  exit: 4,
  throttle: 5,
  unthrottle: 6,
  fork: 7,
  read: 8,
  sample: 9,
  mmap2: 10,
  aux: 11,
  itraceStart: 12,
  lostSamples: 13,
  switch: 14,
  switchCpuWide: 15,
  cgroup: 19,
  headerAttr: 64,
  tracingData: 66,
  headerBuildId: 67,
  finishedRound: 68,
  idIndex: 69,
  auxtraceInfo: 70,
  auxtrace: 71,
  auxtraceError: 72,
  threadMap: 73,
  eventUpdate: 78,
  timeConv: 79,
  headerFeature: 80,
  compressed: 81,
  finishedInit: 82,
  compressed2: 83,
} as const;

/** Bytes of struct perf_event_header. */
export const RECORD_HEADER_BYTES = 8;

/** perf_event_sample_format. */
export const SAMPLE_FIELD = {
  ip: 1,
  tid: 1 << 1,
  time: 1 << 2,
  addr: 1 << 3,
  read: 1 << 4,
  callchain: 1 << 5,
  id: 1 << 6,
  cpu: 1 << 7,
  period: 1 << 8,
  streamId: 1 << 9,
  raw: 1 << 10,
  branchStack: 1 << 11,
  regsUser: 1 << 12,
  stackUser: 1 << 13,
  weight: 1 << 14,
  dataSource: 1 << 15,
  identifier: 1 << 16,
  transaction: 1 << 17,
  regsIntr: 1 << 18,
  physAddr: 1 << 19,
  aux: 1 << 20,
  cgroup: 1 << 21,
  dataPageSize: 1 << 22,
  codePageSize: 1 << 23,
  weightStruct: 1 << 24,
} as const;

/** perf_event_read_format. */
export const READ_FORMAT = { enabled: 1, running: 2, id: 4, group: 8, lost: 16 } as const;

/** perf_branch_sample_type bits that change the layout of a sample. */
export const BRANCH_FORMAT = { hardwareIndex: 1 << 17, counters: 1 << 19 } as const;

/** Low word of perf_event_attr's flag bits. */
export const ATTR_FLAG = {
  inherit: 1 << 1,
  excludeUser: 1 << 4,
  excludeKernel: 1 << 5,
  excludeHypervisor: 1 << 6,
  excludeIdle: 1 << 7,
  mmap: 1 << 8,
  comm: 1 << 9,
  freq: 1 << 10,
  task: 1 << 13,
  mmapData: 1 << 17,
  sampleIdAll: 1 << 18,
  excludeHost: 1 << 19,
  excludeGuest: 1 << 20,
  mmap2: 1 << 23,
  useClockId: 1 << 25,
} as const;

/** misc bits of a record header. */
export const MISC = {
  cpuModeMask: 7,
  kernel: 1,
  user: 2,
  hypervisor: 3,
  guestKernel: 4,
  guestUser: 5,
  switchOut: 1 << 13,
  mmapBuildId: 1 << 14,
  /** Of a sample: its instruction is the one that made the access, not one behind it. */
  exactIp: 1 << 14,
  /** Of a COMM: the process runs another program. */
  commExec: 1 << 13,
} as const;

/** HEADER_* feature bits. */
export const FEATURE = {
  buildId: 2,
  hostname: 3,
  osRelease: 4,
  version: 5,
  arch: 6,
  cpuCount: 7,
  cpuDescription: 8,
  cpuId: 9,
  commandLine: 11,
  eventDescription: 12,
  pmuMappings: 16,
  sampleTime: 21,
  memoryTopology: 22,
  clockId: 23,
  dirFormat: 24,
  compressed: 27,
  clockData: 29,
  pmuCaps: 31,
} as const;

/** Flags of PERF_RECORD_AUX. */
export const AUX_FLAG = { truncated: 1, overwrite: 2, partial: 4, collision: 8 } as const;

/** auxtrace_info.type of Arm SPE (enum auxtrace_type). */
export const AUXTRACE_ARM_SPE = 4;

/** PERF_TYPE_SOFTWARE and its page-fault events. */
export const SOFTWARE = { type: 1, pageFaults: 2, minorFaults: 5, majorFaults: 6 } as const;
/** PERF_TYPE_TRACEPOINT. */
export const TRACEPOINT_TYPE = 2;
