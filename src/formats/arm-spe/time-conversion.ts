/**
 * Generic timer counts to nanoseconds of perf's clock, exactly as tsc_to_perf_time() of tools/perf/util/tsc.c does
 * it in 64 bits, but in doubles relative to a base so that no BigInt is made per record.
 */
const TWO_32 = 4294967296;
const MASK_64 = (1n << 64n) - 1n;
/** Counts below 2^56 have quotients that a double holds exactly for every shift ≥ 3, which real ones are. */
const EXACT_HIGH = 1 << 24;

export interface TimeConversion {
  readonly shift: number;
  readonly mult: number;
  readonly zero: bigint;
  /** Of counters narrower than 64 bits: where they stood, and which bits they have. */
  readonly short: { readonly cycles: bigint; readonly mask: bigint } | undefined;
}

export class TimeConverter {
  /** Nanoseconds that `relative` counts from; set by the first count converted. */
  base: bigint | undefined;
  private readonly conversion: TimeConversion;
  private readonly shift: number;
  private readonly mult: number;
  private readonly quotientFactor: number;
  private readonly remainderMask: number;
  /** Remainders below 2^16 need no halves. */
  private readonly isNarrow: boolean;
  private readonly multHigh: number;
  private readonly multLow: number;
  /** 2^−shift, or 2^(16 − shift) when mult is taken in halves: exact, being a power of two. */
  private readonly scale: number;
  private readonly cyclesLow: number;
  private readonly cyclesHigh: number;
  private readonly maskLow: number;
  private readonly maskHigh: number;
  private wideLow = 0;
  private wideHigh = 0;
  private baseQuotient = 0;
  private baseRemainder = 0;

  constructor(conversion: TimeConversion) {
    this.conversion = conversion;
    this.shift = conversion.shift;
    this.mult = conversion.mult;
    this.quotientFactor = 2 ** (32 - conversion.shift);
    this.remainderMask = 2 ** conversion.shift - 1;
    this.isNarrow = conversion.shift < 16;
    this.multHigh = Math.floor(conversion.mult / 65536);
    this.multLow = conversion.mult % 65536;
    this.scale = 2 ** ((this.isNarrow ? 0 : 16) - conversion.shift);
    const { cycles, mask } = conversion.short ?? { cycles: 0n, mask: MASK_64 };
    this.cyclesLow = Number(cycles & 0xffffffffn);
    this.cyclesHigh = Number(cycles >> 32n);
    this.maskLow = Number(mask & 0xffffffffn) | 0;
    this.maskHigh = Number(mask >> 32n) | 0;
  }

  /** Nanoseconds of a count, exact. */
  absolute(count: bigint): bigint {
    return this.nanoseconds(this.widen(count));
  }

  private nanoseconds(full: bigint): bigint {
    const { shift, mult, zero } = this.conversion;
    const quotient = full >> BigInt(shift);
    const remainder = full & BigInt(this.remainderMask);
    return (zero + quotient * BigInt(mult) + ((remainder * BigInt(mult)) >> BigInt(shift))) & MASK_64;
  }

  /** Nanoseconds after `base` of a count in two words. */
  relative(low: number, high: number): number {
    if (this.base === undefined) this.setBase(low, high);
    if (this.conversion.short === undefined) return this.scaledDifference(low, high);
    this.widenWords(low, high);
    return this.scaledDifference(this.wideLow, this.wideHigh);
  }

  private scaledDifference(low: number, high: number): number {
    if (high >= EXACT_HIGH || this.shift > 31) return this.exactDifference(low, high);
    const quotient = high * this.quotientFactor + (low >>> this.shift);
    const remainder = (low & this.remainderMask) >>> 0;
    return (quotient - this.baseQuotient) * this.mult + this.scaled(remainder) - this.baseRemainder;
  }

  private setBase(low: number, high: number): void {
    const count = BigInt(high) * BigInt(TWO_32) + BigInt(low);
    this.base = this.absolute(count);
    const full = this.widen(count);
    this.baseQuotient = Number(full >> BigInt(this.conversion.shift));
    this.baseRemainder = this.scaled(Number(full & BigInt(this.remainderMask)));
  }

  /** Of a count that is widened already. */
  private exactDifference(low: number, high: number): number {
    const difference = this.nanoseconds((BigInt(high) << 32n) | BigInt(low)) - (this.base ?? 0n);
    return Number(BigInt.asIntN(64, difference));
  }

  /** (remainder × mult) >> shift without leaving the 53 exact bits: mult is taken in two halves. */
  private scaled(remainder: number): number {
    if (this.isNarrow) return Math.floor(remainder * this.mult * this.scale);
    const lower = Math.floor((remainder * this.multLow) / 65536);
    return Math.floor((remainder * this.multHigh + lower) * this.scale);
  }

  /** The same as `widen`, on words. */
  private widenWords(low: number, high: number): void {
    const below = low - this.cyclesLow;
    const maskedLow = (below & this.maskLow) >>> 0;
    const maskedHigh = ((high - this.cyclesHigh - (below < 0 ? 1 : 0)) & this.maskHigh) >>> 0;
    const sum = maskedLow + this.cyclesLow;
    this.wideLow = sum >>> 0;
    this.wideHigh = (maskedHigh + this.cyclesHigh + (sum >= TWO_32 ? 1 : 0)) >>> 0;
  }

  private widen(count: bigint): bigint {
    const short = this.conversion.short;
    if (short === undefined) return count;
    return (short.cycles + ((count - short.cycles) & MASK_64 & short.mask)) & MASK_64;
  }
}
