/**
 * Packets of an Arm SPE record, by header byte (Arm ARM, Statistical Profiling Extension sample records; the order
 * of the tests is that of tools/perf/util/arm-spe-decoder/arm-spe-pkt-decoder.c).
 */
export const PACKET = {
  bad: 0,
  pad: 1,
  end: 2,
  timestamp: 3,
  events: 4,
  dataSource: 5,
  context: 6,
  operation: 7,
  address: 8,
  counter: 9,
  extended: 10,
} as const;

/** PACKET value of each header byte. */
export const PACKET_OF = new Uint8Array(256);
/** Bytes of the whole packet with each header byte; an extended one needs its second byte to tell. */
export const LENGTH_OF = new Uint8Array(256);

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
  if ((byte & 0xfc) === 0x48) return PACKET.operation;
  if ((byte & 0xfc) === 0x20) return PACKET.extended;
  if ((byte & 0xf8) === 0xb0) return PACKET.address;
  return (byte & 0xf8) === 0x98 ? PACKET.counter : PACKET.bad;
}

/** Index of an address packet. */
export const ADDRESS = { programCounter: 0, branchTarget: 1, dataVirtual: 2, dataPhysical: 3 } as const;
/** Index of the counter that holds the total latency. */
export const TOTAL_LATENCY = 0;

/** Bits of the events packet. */
export const EVENT = {
  tlbWalk: 1 << 5,
  lastLevelMiss: 1 << 9,
  remoteAccess: 1 << 10,
} as const;

/** Class in the two low bits of an operation packet's header. */
export const OPERATION_LOAD_STORE = 1;

/** Whether an operation of the load/store class is atomic: reads and writes at once. */
export function isAtomic(operation: number): boolean {
  return (operation & 0xe2) === 0x02 && (operation & 0x04) !== 0;
}
