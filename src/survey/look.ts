/**
 * What a process's page tables say of its blocks, within a time of its mmap_lock: whole where that is enough, else
 * pieces of its address space drawn at random until the time is used.
 */
import type { SmapsEntry } from '../formats/proc/smaps.js';
import { PAGE_IS } from '../host/host.js';
import { joinSizes } from '../verification/join-sizes.js';
import { mappingsOf, observe, refusalError } from '../verification/observe.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { Nanoseconds, PageRange } from '../vocabulary/units.js';
import type { LockMeter } from './lock-meter.js';
import type { Person } from './people.js';
import { type Pieces, piecesOf, shuffled } from './pieces.js';

/** Page sizes of a process, whole or of a random sample. */
export interface Look {
  readonly sizes: PageSizes;
  /** Undefined when all of it was looked at. */
  readonly sample: Sample | undefined;
}

/** A part of an address space. */
export interface Sample {
  /** Pieces looked at, of all. */
  readonly seen: number;
  readonly of: number;
  /** Blocks of a whole piece. */
  readonly blocks: number;
}

/** When a look must end. */
export interface LookBudget {
  /** Time of the process's mmap_lock. */
  readonly lockNs: Nanoseconds;
  /** When to stop, of the host's monotonic clock. */
  readonly untilNs: Nanoseconds;
  readonly signal: AbortSignal;
}

/** What a page table entry costs under the lock where nothing was measured yet; hosts of 10 to 50 ns are known. */
const NS_PER_PAGE = 60;
/** A whole look reads smaps and scans: both walk all entries. */
const WALKS = 2;

/** Takes looks, and learns what a page costs. */
export class Looker {
  readonly #meter: LockMeter;
  /** The dearest that was met. */
  #nsPerPage = NS_PER_PAGE;

  constructor(meter: LockMeter) {
    this.#meter = meter;
  }

  /** Throws TARGET_GONE or PERMISSION. */
  look(person: Person, budget: LookBudget): Look {
    const pages = (person.resident?.all ?? 0) / this.#meter.host.identity.geometry.pageBytes;
    return pages * this.#nsPerPage * WALKS <= budget.lockNs
      ? this.#whole(person, pages)
      : this.#sampled(person, budget);
  }

  #whole(person: Person, pages: number): Look {
    const { host } = this.#meter;
    const { pid } = person.process;
    const before = this.#meter.charged(pid);
    const { sizes } = observe(host, pid, { depth: 'levels' });
    requireSame(sizes, person);
    const perPage = (this.#meter.charged(pid) - before) / WALKS / pages;
    // Of few pages the calls themselves are most of the time.
    if (pages > 4096) this.#nsPerPage = Math.max(this.#nsPerPage, perPage);
    return { sizes, sample: undefined };
  }

  #sampled(person: Person, budget: LookBudget): Look {
    const { host } = this.#meter;
    const { pid } = person.process;
    requireScan(this.#meter, person);
    const all = mappingsOf(host, pid, 'maps').map((entry) => (person.isLocked ? locked(entry) : entry));
    const pieces = piecesOf(all, host.identity.geometry);
    const found = this.#walk(person, pieces, budget);
    const sizes = found.looked.length > 0 ? joinSizes(found.looked) : nothingOf(this.#meter, person, pieces);
    requireSame(sizes, person);
    const { ranges, blocks } = pieces;
    const sample = found.seen < ranges.length ? { seen: found.seen, of: ranges.length, blocks } : undefined;
    return { sizes, sample };
  }

  /** In batches that grow as far as the time that is left allows, by what those before took. */
  #walk(person: Person, { entries, ranges }: Pieces, budget: LookBudget) {
    const { host } = this.#meter;
    const { pid } = person.process;
    const order = shuffled(ranges, () => host.random.uint32());
    const began = this.#meter.charged(pid);
    const looked: PageSizes[] = [];
    let seen = 0;
    for (let batch = 1; seen < order.length; ) {
      throwIfStopped(budget.signal);
      const next = ascending(order.slice(seen, seen + batch));
      looked.push(observe(host, pid, { entries, ranges: next, depth: 'levels' }).sizes);
      seen += next.length;
      const used = this.#meter.charged(pid) - began;
      const left = Math.floor((budget.lockNs - used) / (used / seen) / 2);
      if (left < 1 || host.clock.monotonicNs() >= budget.untilNs) break;
      batch = Math.min(left, seen * 2);
    }
    return { looked, seen };
  }
}

function ascending(ranges: readonly PageRange[]): readonly PageRange[] {
  return [...ranges].sort((left, right) => left.start - right.start);
}

/** Which mappings are locked only smaps tells: where some are, all count as such, and are not read. */
function locked(entry: SmapsEntry): SmapsEntry {
  return { ...entry, mapping: { ...entry.mapping, flags: ['lo'] } };
}

/** Without PAGEMAP_SCAN levels are told by smaps only, which takes too long of a large process. */
function requireScan({ host }: LockMeter, { process: { pid } }: Person): void {
  const range = { start: 0, end: 1 };
  const asked = host.calls.scanPagemap(pid, {
    range,
    inverted: 0,
    mask: 0,
    anyOf: PAGE_IS.PRESENT,
    report: PAGE_IS.PRESENT,
  });
  if (asked.ok) return;
  const { errno } = asked.error;
  const isThere = errno !== 'ESRCH' && errno !== 'ENOENT';
  if (!isThere || errno === 'EACCES' || errno === 'EPERM') throw refusalError(asked.error, pid);
  throw new OctavoError('ABILITY_MISSING', {
    ability: 'a look at a part of a large process',
    reason: `PAGEMAP_SCAN returns ${errno}`,
    remedy: 'Linux 6.7 or later has it; octavo inspect reads all of smaps',
  });
}

/** The pid may have passed to another process since it was listed. */
function requireSame({ process }: PageSizes, person: Person): void {
  if (process.startTicks !== person.process.startTicks)
    throw new OctavoError('TARGET_GONE', { pid: person.process.pid });
}

/** Of a process without a single whole block. */
function nothingOf({ host }: LockMeter, { process: { pid } }: Person, { entries }: Pieces): PageSizes {
  return observe(host, pid, { entries, ranges: [], depth: 'levels' }).sizes;
}
