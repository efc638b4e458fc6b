/** One scheme of DAMOS on ranges of a process or of physical memory, straight through sysfs, for a number of passes. */
import { KDAMONDS } from '../../src/damon/kernel-files.js';
import { contextWrites } from '../../src/damon/writes.js';
import type { Host } from '../../src/host/host.js';
import {
  type AddressRange,
  type DamonContext,
  type DamosScheme,
  NO_INTERVALS_GOAL,
} from '../../src/vocabulary/damon.js';
import type { PageRange, ProcessId } from '../../src/vocabulary/units.js';
import { counter, must } from './measure.js';

const SLOT = `${KDAMONDS}/0`;
const STATS = `${SLOT}/contexts/0/schemes/0/stats`;
const SAMPLE_US = 20_000n;
const AGGREGATION_US = 200_000n;
const POLL_MS = 100;
const MOST_POLLS = 300;
/** Where neither a guest's process nor the model's has anything, in bytes, and larger than any region here. */
const PAD_AT = 64n << 30n;
const PAD_BYTES = 64n << 20n;
const FEWEST_REGIONS = 3;

export interface OneScheme {
  /** Its memory; without it, the ranges are of physical memory. */
  readonly pid?: ProcessId | undefined;
  readonly ranges: readonly PageRange[];
  readonly scheme: DamosScheme;
}

export interface SchemeStats {
  readonly applied: number;
  readonly passed: number;
}

/** Stages the scheme, writes `on`, and answers the errno, or nothing when it runs. */
export function startScheme(host: Host, wanted: OneScheme): string {
  write(host, `${KDAMONDS}/nr_kdamonds`, '1');
  for (const { file, text, optional } of contextWrites(contextOf(host, wanted), { coreFilters: true })) {
    const written = host.files.writeKernelFile(`${SLOT}/${file}`, text);
    if (!written.ok && !optional) must(written);
  }
  return errnoOf(host, `${SLOT}/state`, 'on');
}

export function stopScheme(host: Host): void {
  write(host, `${SLOT}/state`, 'off');
  write(host, `${KDAMONDS}/nr_kdamonds`, '0');
}

/** Runs the scheme for one pass over its regions. */
export async function runScheme(host: Host, wanted: OneScheme): Promise<SchemeStats> {
  const refused = startScheme(host, { ...wanted, scheme: { ...wanted.scheme, maxSnapshots: 1n } });
  if (refused) throw new Error(`the scheme could not be started: ${refused}`);
  for (let poll = 0; ; poll++) {
    await host.clock.sleep(POLL_MS);
    write(host, `${SLOT}/state`, 'update_schemes_stats');
    if (counter(host, `${STATS}/nr_snapshots`) > 0) break;
    if (poll === MOST_POLLS) throw new Error('the scheme made no pass');
  }
  const stats = {
    applied: counter(host, `${STATS}/sz_applied`),
    passed: counter(host, `${STATS}/sz_ops_filter_passed`),
  };
  stopScheme(host);
  return stats;
}

/** Errno of a write, or nothing. */
export function errnoOf(host: Host, path: string, text: string): string {
  const written = host.files.writeKernelFile(path, text);
  return written.ok ? '' : written.error.errno;
}

/** The file of the one scheme. */
export const SCHEME_FILES = `${SLOT}/contexts/0/schemes/0`;
export const STATE = `${SLOT}/state`;

function write(host: Host, path: string, text: string): void {
  must(host.files.writeKernelFile(path, text));
}

/** No region is cut or merged: as many as there may be, and none larger than the mean of all. */
function contextOf(host: Host, { pid, ranges, scheme }: OneScheme): DamonContext {
  const bytes = BigInt(host.identity.geometry.pageBytes);
  const wanted = ranges.map(({ start, end }) => ({ start: BigInt(start) * bytes, end: BigInt(end) * bytes }));
  const pads = Math.max(0, FEWEST_REGIONS - wanted.length);
  const regions = [...wanted, ...padsOf(pads)].sort((left, right) => (left.start < right.start ? -1 : 1));
  const count = BigInt(regions.length);
  return {
    operations: pid === undefined ? 'paddr' : 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: SAMPLE_US,
      aggregationUs: AGGREGATION_US,
      updateUs: 60_000_000n,
      goal: NO_INTERVALS_GOAL,
    },
    regions: { min: count, max: count },
    targets: [{ pid: pid ?? 0, obsolete: false, regions }],
    schemes: [scheme],
  };
}

function padsOf(count: number): AddressRange[] {
  return Array.from({ length: count }, (_, index) => {
    const start = PAD_AT + BigInt(index) * 2n * PAD_BYTES;
    return { start, end: start + PAD_BYTES };
  });
}
