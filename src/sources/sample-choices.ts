/** Which samples of a recording are wanted, as options and requests say it. */
import { isText, listField, type ReadField, readField } from '../vocabulary/field.js';
import type { ValueParser } from '../vocabulary/quantities.js';
import type { SampleWish, TimeBound, TimeRange } from '../vocabulary/sample-wish.js';

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

const isSet = <Value>(given: unknown): given is ReadonlySet<Value> => given instanceof Set;
const isTimeRange = (given: unknown): given is TimeRange => typeof given === 'object' && given !== null;

/** Fields of every source of samples, and options of `octavo import`. */
export const SAMPLE_CHOICES = {
  time: readField(parseTimeRange, isTimeRange, {
    placeholder: 'range',
    brief: 'only samples of this time: FROM,TO in seconds as `perf script` prints them, or 10%-20%',
  }),
  tid: readField(parsePids, isSet<number>, { brief: 'only these threads (comma-separated tids)' }),
  comm: readField(parseNames, isSet<string>, {
    placeholder: 'names',
    brief: 'only threads with these names (comma-separated)',
  }),
  cpu: readField(parseCpus, isSet<number>, {
    placeholder: 'cpus',
    brief: 'only samples taken on these CPUs (0-3,8)',
  }),
  cgroup: listField(parseCgroup, isText, {
    placeholder: 'path',
    brief: 'only samples of this cgroup and those below it (perf record --all-cgroups)',
  }),
} as const;

/** The values of `SAMPLE_CHOICES` once read. */
export type SampleChoices = {
  readonly [Name in keyof typeof SAMPLE_CHOICES]?: FieldValue<(typeof SAMPLE_CHOICES)[Name]> | undefined;
};
type FieldValue<Field> =
  Field extends ReadField<infer Value, infer List> ? (List extends true ? readonly Value[] : Value) : never;

/** Undefined when nothing is left out. */
export function wishOf({ time, tid, comm, cpu, cgroup }: SampleChoices): SampleWish | undefined {
  const wish = {
    ...(time === undefined ? {} : { time }),
    ...(tid === undefined ? {} : { tids: tid }),
    ...(comm === undefined ? {} : { commands: comm }),
    ...(cpu === undefined ? {} : { cpus: cpu }),
    ...(cgroup === undefined || cgroup.length === 0 ? {} : { cgroups: cgroup }),
  };
  return Object.keys(wish).length === 0 ? undefined : wish;
}
