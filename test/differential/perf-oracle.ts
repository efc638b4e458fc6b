/** What another reader, `perf script`, says of a recording: one row per sample, as text that sorts. */
import { spawnSync } from 'node:child_process';

/** Words that start a perf, with the libraries it needs. */
export type PerfWords = readonly string[];

/** The same facts of a recording from two readers. Rows are sorted, since perf gives them in order of time. */
export interface Reading {
  readonly rows: readonly string[];
  readonly lost: number;
}

export type OracleAnswer =
  | { readonly ok: true; readonly reading: Reading }
  | { readonly ok: false; readonly why: string };

/** Nanoseconds, pid, tid, addresses and period of one sample; what a sample has not is `-`. */
export interface RowFacts {
  readonly pid: number;
  readonly tid: number;
  readonly time: bigint | undefined;
  readonly address: bigint;
  readonly physical: bigint;
  readonly period: number | undefined;
  /** Cycles, of samples that have a weight. */
  readonly latency?: number | undefined;
}

export function rowText(row: RowFacts): string {
  const time = row.time === undefined ? '-' : row.time.toString();
  const hex = (value: bigint) => value.toString(16);
  return `${row.pid}/${row.tid} t=${time} va=${hex(row.address)} pa=${hex(row.physical)} n=${row.period ?? '-'} w=${row.latency ?? '-'}`;
}

const MOST_OUTPUT = 1 << 30;

function run(perf: PerfWords, words: readonly string[]): { out: string; why: string | undefined } {
  const [start, ...rest] = [...perf, ...words];
  const ended = spawnSync(start, rest, {
    encoding: 'latin1',
    maxBuffer: MOST_OUTPUT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const why =
    ended.signal !== null
      ? `killed by ${ended.signal}`
      : ended.status === 0
        ? undefined
        : lastLine(ended.stderr);
  return { out: ended.stdout, why };
}

/** `… 123 0x268 [0x68]: PERF_RECORD_SAMPLE(IP, 0x2): 700/701: 0x40712e period: 5003 addr: 0x7f1200003208` */
const SAMPLE =
  /^(.*?)(?:0x[0-9a-f]+|0)(?:@\S+)? \[0x[0-9a-f]+\]: PERF_RECORD_SAMPLE\(IP, 0x([0-9a-f]+)\): (-?\d+)\/(-?\d+): (?:0x[0-9a-f]+|0) period: (\d+) addr: (0x[0-9a-f]+|0)/;
const PHYSICAL = /^ \.\. phys_addr: (0x[0-9a-f]+|0)/;
/** `... weight: 99,0x0,0x0` of WEIGHT_STRUCT, `... weight: 99` of WEIGHT. */
const WEIGHT = /^\.\.\. weight: (\d+)/;
const LOST = /: id:\S*: lost:(\d+)|: lost samples\s*:\s*(\d+)/;
const NO_TIME = 2n ** 64n - 1n;

/** Every SAMPLE record as `perf script -D` shows it, of whatever fields its event has. */
export function dumpedSamples(
  perf: PerfWords,
  path: string,
  hasTime: boolean,
  hasPeriod: boolean,
): OracleAnswer {
  const { out, why } = run(perf, ['script', '-D', '-f', '--no-inline', '-i', path]);
  if (why !== undefined) return { ok: false, why };
  const rows: string[] = [];
  let open: RowFacts | undefined;
  let lost = 0;
  const close = () => {
    if (open !== undefined) rows.push(rowText(open));
    open = undefined;
  };
  for (const line of out.split('\n')) {
    const sample = SAMPLE.exec(line);
    const physical = PHYSICAL.exec(line);
    const loss = LOST.exec(line);
    const weight = WEIGHT.exec(line);
    if (sample !== null) {
      close();
      open = sampleFacts(sample, hasTime, hasPeriod);
    } else if (physical !== null && open !== undefined) open = { ...open, physical: BigInt(physical[1]) };
    else if (weight !== null && open !== undefined) open = { ...open, latency: Number(weight[1]) };
    else if (loss !== null) lost += Number(loss[1] ?? loss[2]);
  }
  close();
  return { ok: true, reading: { rows: rows.sort(), lost } };
}

function sampleFacts(match: RegExpExecArray, hasTime: boolean, hasPeriod: boolean): RowFacts {
  const stamp = match[1].trim().split(' ').at(-1) ?? '';
  const time = hasTime && /^\d+$/.test(stamp) ? BigInt(stamp) : undefined;
  return {
    pid: Number(match[3]) | 0,
    tid: Number(match[4]) | 0,
    time: time === NO_TIME ? undefined : time,
    address: BigInt(match[6]),
    physical: 0n,
    period: hasPeriod ? Number(match[5]) : undefined,
  };
}

/** Memory samples that perf makes of AUX data; times are whole nanoseconds. */
export function synthesizedSamples(
  perf: PerfWords,
  path: string,
  has: { time: boolean; physical: boolean },
): OracleAnswer {
  const fields = [
    'pid',
    'tid',
    ...(has.time ? ['time'] : []),
    'addr',
    ...(has.physical ? ['phys_addr'] : []),
  ];
  const words = ['script', '-f', '--ns', '-G', '--itrace=M', '-F', fields.join(','), '-i', path];
  const { out, why } = run(perf, words);
  if (why !== undefined) return { ok: false, why };
  const rows = out.split('\n').flatMap((line) => {
    const row = scriptFacts(line.trim(), has);
    return row === undefined ? [] : [rowText(row)];
  });
  return { ok: true, reading: { rows: rows.sort(), lost: 0 } };
}

/** `1000/1001 1.004000040: ffff80001000 80001000` */
function scriptFacts(line: string, has: { time: boolean; physical: boolean }): RowFacts | undefined {
  const ids = /^(-?\d+)\/(-?\d+)\s+/.exec(line);
  if (ids === null) return undefined;
  const words = line.slice(ids[0].length).split(/\s+/);
  const stamp = has.time ? /^(\d+)\.(\d{9}):$/.exec(words.shift() ?? '') : null;
  return {
    pid: Number(ids[1]),
    tid: Number(ids[2]),
    time: stamp === null ? undefined : BigInt(stamp[1]) * 1_000_000_000n + BigInt(stamp[2]),
    address: BigInt(`0x${words[0]}`),
    physical: has.physical ? BigInt(`0x${words[1] ?? 0}`) : 0n,
    period: undefined,
  };
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-2).join(' | ') || 'no message';
}
