/**
 * Lines of `perf script` that are samples (tools/perf/builtin-script.c process_event()): whose, when, of which event,
 * and the address that was accessed. Which hexadecimal number is which is told by what stands around it: an instruction
 * has its symbol or `(dso)` behind it, an address stands before the data source and the instruction.
 */

/** One sample of a text. */
export interface ScriptSample {
  /** Empty when not printed. */
  readonly command: string;
  /** −1 when not printed. */
  readonly pid: number;
  readonly tid: number;
  readonly cpu: number;
  /** NaN when not printed. */
  readonly timeNs: number;
  readonly period: number;
  readonly event: string;
  /** Undefined when the line has none. */
  readonly address: bigint | undefined;
  readonly physical: bigint | undefined;
}

/** `comm  pid/tid [cpu]  seconds.fraction:  period event:`, each of which may be left out but pid or tid, and time; a period without an event is none. */
const HEAD =
  /^\s*(?:(?<command>\S.*?)\s+)??(?:(?<pid>-?\d{1,8})\/)?(?<tid>-?\d{1,8})\s+(?:\[(?<cpu>\d{1,5})\]\s+)?(?:(?<seconds>\d{1,12})\.(?<fraction>\d{6,9}):)(?:(?:\s+(?<period>\d{1,20}))?\s+(?<event>\S*[a-zA-Z_]\S*):(?=\s|$))?(?<rest>.*)$/;
const HEX = /^[0-9a-f]{1,16}$/;

/** Whether a text begins like the output of `perf script`: with a sample after comments and empty lines. */
export function isPerfScript(text: string): boolean {
  if (text.startsWith('# ========\n# captured on')) return true;
  const line = text.split('\n').find((each) => each.trim() !== '' && !each.startsWith('#'));
  return line !== undefined && line.length < 1024 && HEAD.test(line);
}

/** The sample of a line; undefined for callchains, records that are no samples, and anything else. */
export function parseScriptLine(line: string): ScriptSample | undefined {
  const groups = HEAD.exec(line)?.groups;
  if (groups === undefined || /^\s*PERF_RECORD_/.test(groups.rest)) return undefined;
  const tid = Number(groups.tid);
  return {
    command: groups.command ?? '',
    pid: groups.pid === undefined ? -1 : Number(groups.pid),
    tid,
    cpu: groups.cpu === undefined ? -1 : Number(groups.cpu),
    timeNs: Number(groups.seconds) * 1e9 + Number(groups.fraction.padEnd(9, '0')),
    period: groups.period === undefined ? 1 : Number(groups.period),
    event: groups.event ?? '',
    ...addressesOf(groups.rest),
  };
}

function addressesOf(rest: string): Pick<ScriptSample, 'address' | 'physical'> {
  const words = rest.trim() === '' ? [] : rest.trim().split(/\s+/);
  const leading = leadingHex(words);
  const source = words.findIndex((word) => word.startsWith('|OP'));
  // The data source stands right behind the address.
  if (source >= 0) return { address: numberAt(words, 0), physical: trailingPhysical(words, source) };
  const isInstruction = leading < words.length;
  // The last of them has a symbol or (dso) behind it: that is the instruction.
  if (isInstruction) return { address: leading > 1 ? numberAt(words, 0) : undefined, physical: undefined };
  return { address: numberAt(words, 0), physical: leading > 1 ? numberAt(words, leading - 1) : undefined };
}

function leadingHex(words: readonly string[]): number {
  const other = words.findIndex((word) => !HEX.test(word));
  return other < 0 ? words.length : other;
}

/** The physical address is the last number, behind the instruction with its symbol and (dso). */
function trailingPhysical(words: readonly string[], source: number): bigint | undefined {
  const last = words.length - 1;
  const isBehindMore = last > source + 1 && words.slice(source, last).some((word) => word.endsWith(')'));
  return isBehindMore && /^[0-9a-f]{5,16}$/.test(words[last]) ? numberAt(words, last) : undefined;
}

/** Undefined for 0, which perf prints where a sample has no address. */
function numberAt(words: readonly string[], at: number): bigint | undefined {
  const word = words[at];
  if (word === undefined || !HEX.test(word)) return undefined;
  const value = BigInt(`0x${word}`);
  return value === 0n ? undefined : value;
}
