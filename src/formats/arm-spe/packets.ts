/**
 * Packets of an Arm SPE record, by header byte (Arm ARM, Statistical Profiling Extension sample records; the order
 * of the tests is that of tools/perf/util/arm-spe-decoder/arm-spe-pkt-decoder.c).
 */
export const PACKET = {
  bad: 0,
  pad: 1,
  end: 2,
  timestamp: 3,
  /** Valid, and nothing that a memory access needs: branch targets, other latencies, other operations. */
  passed: 4,
  programCounter: 5,
  dataVirtual: 6,
  dataPhysical: 7,
  reservedAddress: 8,
  totalLatency: 9,
  events: 10,
  dataSource: 11,
  context: 12,
  loadStore: 13,
  extended: 14,
} as const;

/** PACKET value of each header byte. */
export const PACKET_OF = new Uint8Array(256);
/** Bytes of the whole packet with each header byte; an extended one needs its second byte to tell. */
export const LENGTH_OF = new Uint8Array(256);

/** By index: program counter, branch target, data virtual, data physical, previous branch target; then reserved. */
const ADDRESS_PACKETS = [
  PACKET.programCounter,
  PACKET.passed,
  PACKET.dataVirtual,
  PACKET.dataPhysical,
  PACKET.passed,
  PACKET.reservedAddress,
  PACKET.reservedAddress,
  PACKET.reservedAddress,
];

for (let byte = 0; byte < 256; byte++) {
  PACKET_OF[byte] = classify(byte);
  LENGTH_OF[byte] = PACKET_OF[byte] <= PACKET.end ? 1 : 1 + (1 << ((byte >>> 4) & 3));
}

function classify(byte: number): number {
  if (byte === 0x00) return PACKET.pad;
  if (byte === 0x01) return PACKET.end;
  if (byte === 0x71) return PACKET.timestamp;
  if ((byte & 0xcf) === 0x42) return PACKET.events;
  if ((byte & 0xcf) === 0x43) return PACKET.dataSource;
  if ((byte & 0xfc) === 0x64) return PACKET.context;
  if ((byte & 0xfc) === 0x48) return (byte & 3) === 1 ? PACKET.loadStore : PACKET.passed;
  if ((byte & 0xfc) === 0x20) return PACKET.extended;
  if (isAddress(byte)) return ADDRESS_PACKETS[byte & 7];
  if (isCounter(byte)) return (byte & 7) === 0 ? PACKET.totalLatency : PACKET.passed;
  return PACKET.bad;
}

/** 0xb0 with an index of 0 to 7. */
export function isAddress(header: number): boolean {
  return (header & 0xf8) === 0xb0;
}

/** 0x98 with an index of 0 to 7: total, issue and translation latency, then implementation defined. */
export function isCounter(header: number): boolean {
  return (header & 0xf8) === 0x98;
}

/** Bits of the events packet. */
export const EVENT = {
  levelOneAccess: 1 << 2,
  levelOneRefill: 1 << 3,
  tlbAccess: 1 << 4,
  tlbWalk: 1 << 5,
  lastLevelMiss: 1 << 9,
  remoteAccess: 1 << 10,
} as const;

/** Whether an operation of the load/store class is atomic: reads and writes at once. */
export function isAtomic(operation: number): boolean {
  return (operation & 0xe2) === 0x02 && (operation & 0x04) !== 0;
}
