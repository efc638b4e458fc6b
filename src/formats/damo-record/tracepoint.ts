/** The raw record of the tracepoint damon:damon_aggregated (include/trace/events/damon.h), behind perf's u32 size. */
import type { RegionRecord } from './region.js';

/** Offsets from the size field: 4 bytes of size, then 8 of the common fields. */
const AT = { target: 12, start: 28, end: 36, accesses: 44, age: 48 } as const;
const LEAST_BYTES = 48;

/** The bytes of a raw sample, without a copy of them. */
export interface RawBytes {
  u8(at: number): number;
  readonly isBigEndian: boolean;
}

/** Reads the record at `at`, its u32 size included in what follows; undefined when `size` is too small for it. */
export function readDamonTracepoint(
  raw: RawBytes,
  at: number,
  size: number,
  timeNs: number,
): RegionRecord | undefined {
  if (size < LEAST_BYTES - 4) return undefined;
  const word = (offset: number) => unsigned(raw, at + offset, 4);
  const wide = (offset: number) => unsigned(raw, at + offset, 8);
  const age = size >= LEAST_BYTES ? Number(word(AT.age)) : undefined;
  return {
    target: wide(AT.target).toString(),
    endNs: timeNs,
    start: Number(wide(AT.start)),
    end: Number(wide(AT.end)),
    accesses: Number(word(AT.accesses)),
    age,
  };
}

function unsigned(raw: RawBytes, at: number, bytes: number): bigint {
  let value = 0n;
  for (let i = 0; i < bytes; i++) {
    const byte = BigInt(raw.u8(at + (raw.isBigEndian ? i : bytes - 1 - i)));
    value = (value << 8n) | byte;
  }
  return value;
}
