/** Counts of the generic timer to nanoseconds of perf's clock, as tsc_to_perf_time() of tools/perf/util/tsc.c does it. */

export class Conversion {
  static isKnown: bool = false;
  static shift: u64 = 0;
  static mult: u64 = 0;
  static zero: u64 = 0;
  /** Of counters narrower than 64 bits: where they stood, and which bits they have. */
  static cycles: u64 = 0;
  static mask: u64 = 0;
}

export function setConversion(shift: i32, mult: u64, zero: u64, cycles: u64, mask: u64): void {
  Conversion.isKnown = true;
  Conversion.shift = <u64>shift;
  Conversion.mult = mult;
  Conversion.zero = zero;
  Conversion.cycles = cycles;
  Conversion.mask = mask;
}

export function forgetConversion(): void {
  Conversion.isKnown = false;
}

export function nanosecondsOf(count: u64): u64 {
  const full = Conversion.cycles + ((count - Conversion.cycles) & Conversion.mask);
  const shift = Conversion.shift;
  const quotient = full >> shift;
  const remainder = full & (((<u64>1) << shift) - 1);
  return Conversion.zero + quotient * Conversion.mult + ((remainder * Conversion.mult) >> shift);
}
