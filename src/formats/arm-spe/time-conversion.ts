/**
 * Generic timer counts to nanoseconds of perf's clock, exactly as tsc_to_perf_time() of tools/perf/util/tsc.c does
 * it in 64 bits. The kernel has the same for the records that it decodes by itself (assembly/samples/spe-time.ts).
 */
const MASK_64 = (1n << 64n) - 1n;

/** The parameters of PERF_RECORD_TIME_CONV. */
export interface TimeConversion {
  /** At most 63. */
  readonly shift: number;
  readonly mult: bigint;
  readonly zero: bigint;
  /** Of counters narrower than 64 bits: where they stood, and which bits they have. */
  readonly short: { readonly cycles: bigint; readonly mask: bigint } | undefined;
}

/** Nanoseconds of a count, mod 2^64. */
export function nanosecondsOf(conversion: TimeConversion, count: bigint): bigint {
  const { mult, zero } = conversion;
  const shift = BigInt(conversion.shift);
  const full = widened(conversion, count);
  const remainder = full & ((1n << shift) - 1n);
  return (zero + (full >> shift) * mult + (((remainder * mult) & MASK_64) >> shift)) & MASK_64;
}

function widened({ short }: TimeConversion, count: bigint): bigint {
  return short === undefined
    ? count
    : (short.cycles + ((count - short.cycles) & MASK_64 & short.mask)) & MASK_64;
}

/** A conversion in the kernel's terms: a counter of 64 bits stood at 0 and has all bits. */
export function clockOf(conversion: TimeConversion): { readonly cycles: bigint; readonly mask: bigint } {
  return conversion.short ?? { cycles: 0n, mask: MASK_64 };
}
