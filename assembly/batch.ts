/** The batch being filled: addresses of its columns, as src/formats/perf-data/access-columns.ts describes them. */
export class Batch {
  static capacity: i32 = 0;
  static time: usize = 0;
  static pid: usize = 0;
  static tid: usize = 0;
  static virtualPage: usize = 0;
  static physicalPage: usize = 0;
  static kind: usize = 0;
  static weight: usize = 0;
  static flags: usize = 0;
  static addressLow: usize = 0;
  static addressHigh: usize = 0;
  static physicalLow: usize = 0;
  static physicalHigh: usize = 0;
  static latency: usize = 0;
  static event: usize = 0;
  /** log2 of the page size. */
  static pageShift: u64 = 12;
  /** Bytes of a PMD-sized page. */
  static blockBytes: u64 = 0;
}

export function setColumns(
  capacity: i32,
  time: usize,
  pid: usize,
  tid: usize,
  virtualPage: usize,
  physicalPage: usize,
  kind: usize,
  weight: usize,
  flags: usize,
  addressLow: usize,
  addressHigh: usize,
  physicalLow: usize,
  physicalHigh: usize,
  latency: usize,
  event: usize,
): void {
  Batch.capacity = capacity;
  Batch.time = time;
  Batch.pid = pid;
  Batch.tid = tid;
  Batch.virtualPage = virtualPage;
  Batch.physicalPage = physicalPage;
  Batch.kind = kind;
  Batch.weight = weight;
  Batch.flags = flags;
  Batch.addressLow = addressLow;
  Batch.addressHigh = addressHigh;
  Batch.physicalLow = physicalLow;
  Batch.physicalHigh = physicalHigh;
  Batch.latency = latency;
  Batch.event = event;
}

export function setGeometry(pageShift: i32, blockBytes: f64): void {
  Batch.pageShift = <u64>pageShift;
  Batch.blockBytes = <u64>blockBytes;
}

/** Page number of an address, −1 for address 0, which means that there is none. */
export function pageOf(address: u64, pageShift: u64): f64 {
  return address == 0 ? -1 : <f64>(<i64>(address >> pageShift));
}

/** The physical columns and the latency, which not every recording fills. */
export function putMore(row: i32, physical: u64, latency: u32): void {
  store<u32>(Batch.physicalLow + (<usize>row << 2), <u32>physical);
  store<u32>(Batch.physicalHigh + (<usize>row << 2), <u32>(physical >> 32));
  store<f64>(Batch.physicalPage + (<usize>row << 3), pageOf(physical, Batch.pageShift));
  store<u32>(Batch.latency + (<usize>row << 2), latency);
}
