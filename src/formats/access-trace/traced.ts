/** Accesses in the order in which a program made them, as tools that trace or sample it write them down. */

/** One line of a trace that is an access. */
export interface TracedAccess {
  /** Byte address. */
  readonly address: bigint;
  readonly bytes: number;
  readonly write: boolean;
  /** Accesses that it stands for: 1 in a trace of all, the period in one of samples. */
  readonly weight: number;
  /** Nanoseconds of the recording's clock; NaN where the trace has no time. */
  readonly timeNs: number;
}

/** What a line is besides an access: nothing to the reader, or one that begins like an access and is none. */
export type TraceLine = TracedAccess | 'other' | 'broken';

/** Name of the tool whose text it is. */
export type TraceFormatName = 'lackey' | 'dynamorio' | 'perf-script';

/** One kind of text. */
export interface TraceFormat {
  readonly name: TraceFormatName;
  /** What writes it, for people. */
  readonly says: string;
  /** Whether accesses are all of them, rather than samples. */
  readonly isWhole: boolean;
  parse(line: string): TraceLine;
}

/** A number in hexadecimal digits of a user's address, with or without 0x; undefined for anything else. */
export function addressOf(digits: string): bigint | undefined {
  const found = /^(?:0x)?([0-9a-fA-F]{1,16})$/.exec(digits);
  return found === null ? undefined : BigInt(`0x${found[1]}`);
}

/** Bytes of one access: of a line, or of the largest vector that any CPU moves at once, and a few lines more. */
const MOST_BYTES = 1 << 20;

/** An access without a time; 'broken' for sizes and addresses that none has. */
export function access(digits: string, bytes: string, write: boolean): TraceLine {
  const address = addressOf(digits);
  const size = /^\d{1,7}$/.test(bytes) ? Number(bytes) : 0;
  if (address === undefined || size < 1 || size > MOST_BYTES) return 'broken';
  return { address, bytes: size, write, weight: 1, timeNs: Number.NaN };
}
