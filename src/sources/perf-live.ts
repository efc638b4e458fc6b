/**
 * Samples straight from the rings of perf events, without perf: for events whose samples are records of the ring
 * (page faults, PEBS, IBS). SPE writes to an AUX area and is read through perf-pipe.
 */

import { ATTR_FLAG, SAMPLE_FIELD as F, SOFTWARE } from '../formats/perf-abi/constants.js';
import { readAttr, writeAttr } from '../formats/perf-data/attr.js';
import { viewOf } from '../formats/perf-data/record-view.js';
import { PerfSession } from '../formats/perf-data/session.js';
import type { Host, PerfRing } from '../host/host.js';
import type { AccessColumns } from '../vocabulary/access-columns.js';
import { OctavoError } from '../vocabulary/errors.js';
import { Fingerprint } from '../vocabulary/fingerprint.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import type { Milliseconds, PageGeometry, ProcessId } from '../vocabulary/units.js';
import { EventSorter } from './event-sorter.js';
import { lossesOf, notesOf, unseenShareOf } from './perf-account.js';
import { maySeeKernel } from './sampling-event.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** 1 MiB with 4 KiB pages and CPU: what an unprivileged user may lock, at most (perf_event_mlock_kb is 516 KiB and more). */
const RING_PAGES = 64;
/** Between two looks at the rings. At 64 pages and 48 bytes a sample, a ring lasts for 5,000 samples. */
const PAUSE_MS = 10;

/** An event to open. */
export interface LiveEvent {
  /** perf_event_attr type and config: software page faults unless told otherwise. */
  readonly type: number;
  readonly config: bigint;
  readonly period: number;
}

/** Page faults of user space, every one of them. */
export const PAGE_FAULTS: LiveEvent = { type: SOFTWARE.type, config: BigInt(SOFTWARE.pageFaults), period: 1 };

/** What is sampled, of whom, and for how long. */
export interface LiveOptions {
  readonly event: LiveEvent;
  readonly pids: readonly ProcessId[];
  readonly durationMs: Milliseconds;
  readonly geometry: PageGeometry;
}

/** Opens the event for every process and CPU, and yields what the rings hold. */
export class PerfLiveSource implements Source {
  readonly name = 'perf-live';
  readonly session: PerfSession;
  readonly #options: LiveOptions;
  readonly #sorter: EventSorter;
  readonly #fingerprint = new Fingerprint();
  #bytesRead = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.session = new PerfSession({ geometry: options.geometry, pids: new Set(options.pids) });
    this.#sorter = new EventSorter(this.session.events, undefined);
  }

  get origin(): SampleOrigin {
    const { event, durationMs } = this.#options;
    return {
      source: this.name,
      detail: `event type ${event.type} config ${event.config}`,
      tells: 'heat',
      ...COMPLETE,
      nature: this.#sorter.natureOf(0),
      event: this.session.events.events[0]?.name ?? '',
      unseenShare: unseenShareOf(this.session, this.#fingerprint),
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      windowNs: durationMs * 1e6,
    };
  }

  account(): SourceAccount {
    return { losses: lossesOf(this.session), bytesRead: this.#bytesRead, notes: notesOf(this.session) };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    for await (const batch of this.batches(context)) {
      this.#fingerprint.add(batch);
      for (const sorted of this.#sorter.sort(batch)) yield { kind: 'samples', ...sorted };
    }
  }

  async *batches(context: Pick<SourceContext, 'host' | 'progress' | 'signal'>): AsyncIterable<AccessColumns> {
    const { host, signal } = context;
    const rings = this.#open(host);
    const out = this.session.rows;
    const end = host.clock.monotonicNs() + this.#options.durationMs * 1e6;
    try {
      for (let isLast = false; !isLast; ) {
        isLast = signal.aborted || host.clock.monotonicNs() >= end;
        for (const ring of rings) yield* this.#drain(ring, out);
        if (!isLast) await host.clock.sleep(PAUSE_MS, signal);
      }
    } finally {
      for (const ring of rings) ring.close();
      this.session.endStream(0);
      this.session.close();
    }
  }

  *#drain(ring: PerfRing, out: AccessColumns): Iterable<AccessColumns> {
    const { session } = this;
    for (;;) {
      if (session.fill(out) === 'full') {
        yield* flush(session, out);
        continue;
      }
      const got = ring.read(session.room());
      if (got === 0) break;
      session.commit(got);
      this.#bytesRead += got;
    }
    yield* flush(session, out);
  }

  /** One ring per CPU, which the events of all threads write to; threads started later inherit them. */
  #open(host: Host): PerfRing[] {
    const attr = this.#attr(host);
    const event = readAttr(viewOf(attr, false), 0, attr.length);
    if (event !== undefined) this.session.events.add(event);
    this.session.begin(false, 0);
    const threads = this.#options.pids.flatMap((pid) => threadsOf(host, pid));
    const rings = openRings(host, attr, threads);
    if (rings.length === 0) throw new OctavoError('TARGET_GONE', { pid: this.#options.pids.join(',') });
    return rings;
  }

  #attr(host: Host): Uint8Array {
    const { type, config, period } = this.#options.event;
    const sampleType = F.ip | F.tid | F.time | F.addr | F.period;
    const flags =
      ATTR_FLAG.inherit |
      ATTR_FLAG.mmap |
      ATTR_FLAG.mmap2 |
      ATTR_FLAG.mmapData |
      ATTR_FLAG.comm |
      ATTR_FLAG.task;
    return writeAttr({
      type,
      config,
      period,
      sampleType,
      excludeKernel: !maySeeKernel(host),
      flags: flags | ATTR_FLAG.sampleIdAll,
    });
  }
}

function* flush(session: PerfSession, out: AccessColumns): Iterable<AccessColumns> {
  if (out.count === 0) return;
  out.timeOrigin = session.samples.timeOrigin;
  yield out;
  out.count = 0;
}

/** The rings of all CPUs, or none: a refusal on one closes those that were open. */
function openRings(host: Host, attr: Uint8Array, threads: readonly number[]): PerfRing[] {
  const rings: PerfRing[] = [];
  try {
    for (const cpu of onlineCpus(host)) {
      const ring = openRing(host, attr, threads, cpu);
      if (ring !== undefined) rings.push(ring);
    }
  } catch (problem) {
    for (const ring of rings) ring.close();
    throw problem;
  }
  return rings;
}

/** Threads that end while they are opened are passed over; any other refusal is an error. */
function openRing(
  host: Host,
  attr: Uint8Array,
  threads: readonly number[],
  cpu: number,
): PerfRing | undefined {
  const events = host.calls.perfEvents;
  if (events === undefined) {
    throw new OctavoError('ABILITY_MISSING', {
      ability: 'opening perf events',
      reason: 'this host has no foreign-function interface',
      remedy: 'Use `octavo record`, which runs perf.',
    });
  }
  let ring: PerfRing | undefined;
  for (const thread of threads) {
    const opened = ring === undefined ? events.open(attr, thread, cpu, RING_PAGES) : ring.join(thread);
    if (opened.ok) ring ??= opened.value as PerfRing;
    else if (opened.error.errno !== 'ESRCH') {
      ring?.close();
      throw new OctavoError('PERMISSION', {
        call: opened.error.call,
        errno: opened.error.errno,
        needs: 'CAP_PERFMON',
      });
    }
  }
  return ring;
}

function threadsOf(host: Host, pid: ProcessId): number[] {
  const listed = host.files.list(`/proc/${pid}/task`);
  return listed.ok ? listed.value.map(Number) : [];
}

/** `0-3,8` as numbers. */
function onlineCpus(host: Host): number[] {
  const text = host.files.readText('/sys/devices/system/cpu/online');
  const ranges = (text.ok ? text.value.trim() : '0').split(',');
  return ranges.flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
