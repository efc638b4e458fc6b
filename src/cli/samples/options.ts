/** Values of options that the sample commands share. */

import { VIEW_NAMES } from '../../sources/view-values.js';
import type { SampleWish, TimeBound, TimeRange } from '../../vocabulary/sample-wish.js';
import type { ValueParser } from '../parameters.js';
import { PLACE_NAMES } from './touched-view.js';

/** PID_MAX_LIMIT of include/linux/threads.h. */
const MOST_PID = 4 * 1024 * 1024;

/** `4711` or `4711,4712`. */
export const parsePids: ValueParser<ReadonlySet<number>> = Object.assign(
  (text: string): ReadonlySet<number> => {
    const words = text.split(',').map((word) => word.trim());
    if (!words.every((word) => /^\d{1,7}$/.test(word) && Number(word) <= MOST_PID)) {
      throw new SyntaxError('is no list of pids; write 4711 or 4711,4712');
    }
    return new Set(words.map(Number));
  },
  { accepts: `pids from 0 to ${MOST_PID}, with commas between them` },
);

/** How accesses are told apart beside their place. */
export const byFlag = {
  kind: 'enum',
  values: VIEW_NAMES,
  optional: true,
  brief: 'Show accesses by data source, latency, TLB outcome, NUMA node, or load and store',
} as const;

/** Of a recording also by place, which no heat file keeps. */
export const importByFlag = {
  kind: 'enum',
  values: [...VIEW_NAMES, ...PLACE_NAMES],
  optional: true,
  brief:
    'Show accesses by data source, latency, TLB outcome, NUMA node, load and store, or by hot block or page with what lies there and the instructions that access it',
} as const;

/** NR_CPUS of the largest kernels. */
const MOST_CPU = 8191;

/** `0-3,8`, as the kernel and perf write lists of CPUs. */
export const parseCpus: ValueParser<ReadonlySet<number>> = Object.assign(
  (text: string): ReadonlySet<number> => {
    const cpus = new Set<number>();
    for (const word of text.split(',').map((each) => each.trim())) {
      const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(word) ?? [];
      const [from, to] = [Number(first), Number(last)];
      if (first === undefined || to < from || to > MOST_CPU)
        throw new SyntaxError('is no list of CPUs; write 3 or 0-3,8');
      for (let cpu = from; cpu <= to; cpu++) cpus.add(cpu);
    }
    return cpus;
  },
  { accepts: `CPUs from 0 to ${MOST_CPU}, with commas and hyphens between them` },
);

/** `redis-server,io_thd_1`. */
export const parseNames: ValueParser<ReadonlySet<string>> = Object.assign(
  (text: string): ReadonlySet<string> => {
    const words = text.split(',').map((word) => word.trim());
    if (words.includes(''))
      throw new SyntaxError('is no list of names; write redis-server or redis-server,bio');
    return new Set(words);
  },
  { accepts: 'names with commas between them' },
);

/** A cgroup by its path, with or without the `cgroup:` of targets. */
export const parseCgroup: ValueParser<string> = Object.assign(
  (text: string): string => {
    const path = text.trim().replace(/^cgroup:/, '');
    if (!path.startsWith('/'))
      throw new SyntaxError('is no path of a cgroup; write /system.slice/db.service');
    return path.length > 1 ? path.replace(/\/+$/, '') : path;
  },
  { accepts: 'the path of a cgroup' },
);

const TIME_EXAMPLE = 'is no time range; write 12.5,20 (seconds), 12.5, or ,20 or 10%-20%';

/** perf's `--time`: `FROM,TO` in seconds of the recording's clock, `10%-20%` or `10%,20%` of it, either end left out. */
export const parseTimeRange: ValueParser<TimeRange> = Object.assign(
  (text: string): TimeRange => {
    const word = text.trim();
    const slice = /^(\d+(?:\.\d+)?)%\/(\d+)$/.exec(word);
    if (slice !== null) return sliceOf(Number(slice[1]) / 100, Number(slice[2]));
    const parts = word.includes(',') ? word.split(',') : word.split('-');
    if (parts.length !== 2) throw new SyntaxError(TIME_EXAMPLE);
    const [from, to] = parts.map((part) => boundOf(part.trim()));
    if (from === undefined && to === undefined) throw new SyntaxError(TIME_EXAMPLE);
    if (from !== undefined && to !== undefined && from.kind === to.kind && amountOf(from) > amountOf(to))
      throw new SyntaxError('ends before it begins');
    return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  },
  { accepts: 'a time range: seconds or percentages, either end left out' },
);

/** perf's `10%/2`: the second tenth. */
function sliceOf(share: number, number: number): TimeRange {
  const [from, to] = [share * (number - 1), share * number];
  if (share === 0 || number < 1 || to > 1 + 1e-9) throw new SyntaxError('is no part of the recording');
  return { from: { kind: 'share', share: from }, to: { kind: 'share', share: Math.min(1, to) } };
}

function boundOf(word: string): TimeBound | undefined {
  if (word === '') return undefined;
  const [, digits, fraction = '', percent] = /^(\d{1,10})(?:\.(\d{1,9}))?(%?)$/.exec(word) ?? [];
  if (digits === undefined) throw new SyntaxError(TIME_EXAMPLE);
  // Seconds are put together by digits, since a double of seconds does not hold nanoseconds.
  if (percent !== '%') return { kind: 'moment', ns: Number(digits) * 1e9 + Number(fraction.padEnd(9, '0')) };
  const share = Number(`${digits}.${fraction || '0'}`) / 100;
  if (share > 1) throw new SyntaxError('has more than 100 %');
  return { kind: 'share', share };
}

const amountOf = (bound: TimeBound) => (bound.kind === 'share' ? bound.share : bound.ns);

export type WishFlags = {
  readonly time?: TimeRange;
  readonly tid?: ReadonlySet<number>;
  readonly comm?: ReadonlySet<string>;
  readonly cpu?: ReadonlySet<number>;
  readonly cgroup?: readonly string[];
};

/** Which samples of a recording are wanted. */
export const wishFlags = {
  time: {
    kind: 'parsed',
    parse: parseTimeRange,
    optional: true,
    placeholder: 'range',
    brief: 'Only samples of this time: FROM,TO in seconds as `perf script` prints them, or 10%-20%',
  },
  tid: {
    kind: 'parsed',
    parse: parsePids,
    optional: true,
    brief: 'Only these threads (comma-separated tids)',
  },
  comm: {
    kind: 'parsed',
    parse: parseNames,
    optional: true,
    placeholder: 'names',
    brief: 'Only threads with these names (comma-separated)',
  },
  cpu: {
    kind: 'parsed',
    parse: parseCpus,
    optional: true,
    placeholder: 'cpus',
    brief: 'Only samples taken on these CPUs (0-3,8)',
  },
  cgroup: {
    kind: 'parsed',
    parse: parseCgroup,
    variadic: true,
    optional: true,
    placeholder: 'path',
    brief: 'Only samples of this cgroup and those below it (perf record --all-cgroups)',
  },
} as const;

/** Undefined when nothing is left out. */
export function wishOf({ time, tid, comm, cpu, cgroup }: WishFlags): SampleWish | undefined {
  const wish = {
    ...(time === undefined ? {} : { time }),
    ...(tid === undefined ? {} : { tids: tid }),
    ...(comm === undefined ? {} : { commands: comm }),
    ...(cpu === undefined ? {} : { cpus: cpu }),
    ...(cgroup === undefined || cgroup.length === 0 ? {} : { cgroups: cgroup }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}
