/** What a perf.data reader has to say about what it could not use. */
import { READ_FORMAT } from '../formats/perf-abi/constants.js';
import type { PerfSession } from '../formats/perf-data/session.js';
import type { Fraction, Nanoseconds } from '../vocabulary/units.js';

/** Counts by reason; reasons that did not occur are left out. */
export function lossesOf(session: PerfSession): Record<string, number> {
  const { state, samples, trace } = session;
  const speCounts = trace.records.counts;
  const all: Record<string, number> = {
    'records lost by the kernel': state.losses.records,
    'samples lost by the kernel': state.losses.samples,
    'AUX buffers truncated': state.losses.auxTruncated,
    'AUX buffers with a gap': state.losses.auxPartial,
    'AUX buffers with collided samples': state.losses.auxCollisions,
    'times throttled': state.losses.throttled,
    'samples of an unknown event': samples.losses.unknownId,
    'damaged samples': samples.losses.damaged,
    'samples of processes not asked for': samples.losses.otherProcess,
    'samples of CPUs or cgroups not asked for': samples.losses.otherPlace,
    'bytes of AUX data of CPUs or cgroups not asked for': samples.losses.otherPlaceBytes,
    'DAMON regions too many to keep': samples.losses.regions,
    'physical addresses without a valid linear one': samples.losses.doubtfulPhysical,
    'damaged SPE records': speCounts.damaged,
    'SPE records of a thread not known': trace.unknownThreads,
    'SPE times without a conversion': trace.unconvertedTimes,
    'SPE address packets of reserved index': speCounts.reservedAddresses,
    'bytes of AUX data of another kind': session.foreignAuxBytes,
    'bytes of AUX data in too many queues': trace.ignoredBytes,
    'mappings too many to keep': state.mappings.ignored,
    'events or ids too many to keep': session.events.ignored,
    'damaged bytes': damagedBytes(session),
  };
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count > 0));
}

/**
 * What the kernel lost. LOST counts records that found no room in a ring, LOST_SAMPLES samples that never became
 * records. Since Linux 6.1 perf itself writes the events' own counts of lost samples as LOST_SAMPLES at the end (with
 * PERF_FORMAT_LOST): these are the same losses again, and count once.
 */
export function lostOf(session: PerfSession): number {
  const { records, samples } = session.state.losses;
  const isTotal = session.events.events.some(({ attr }) => (attr.readFormat & READ_FORMAT.lost) !== 0);
  return isTotal ? Math.max(records, samples) : records + samples;
}

/** Share of the accesses in a recording's window that its samples cannot speak for. */
export function unseenShareOf(session: PerfSession, times: SpanOfTimes): Fraction {
  const { state, samples } = session;
  const kept = samples.seen + session.trace.records.counts.records;
  const lost = lostOf(session);
  const { auxTruncated, auxPartial } = state.losses;
  const cut = Math.min(state.auxBuffers, auxTruncated + auxPartial);
  // What a cut buffer lost is not said: taken for as much as a buffer holds.
  const shares = [
    lost / Math.max(1, kept + lost),
    cut / Math.max(1, state.auxBuffers + cut),
    state.running.idleShare(
      times.first,
      times.last,
      (event) => session.events.events[event]?.nature.nature !== 'nothing',
    ),
  ];
  return 1 - shares.reduce((seen, share) => seen * (1 - share), 1);
}

/** Times of the first and last sample. */
export interface SpanOfTimes {
  readonly first: Nanoseconds;
  readonly last: Nanoseconds;
}

/** All bytes that held something unreadable. */
export function damagedBytes(session: PerfSession): number {
  return (
    session.damage.bytes + session.samples.losses.damagedBytes + session.trace.records.counts.damagedBytes
  );
}

/** Sentences on what the numbers do not say by themselves. */
export function notesOf(session: PerfSession): string[] {
  const notes: string[] = [];
  const { losses } = session.state;
  const first = session.damage.places[0];
  if (first !== undefined) {
    notes.push(`${session.damage.bytes} bytes are damaged, from byte ${first.offset} on: ${first.reason}.`);
  }
  if (losses.records + losses.samples > 0) {
    notes.push('The kernel lost samples: the recording is biased towards quieter times.');
  }
  if (losses.auxTruncated > 0)
    notes.push('AUX buffers were truncated: record with a larger AUX area (perf record -m,64M).');
  if (losses.auxCollisions > 0)
    notes.push('SPE samples collided and were dropped: record with a longer period (perf record -c).');
  if (session.trace.guessedThreads > 0) {
    notes.push(
      'SPE records carry no context packets: threads are inferred from context switches. Record as root, or with perf_event_paranoid at 1 or lower.',
    );
  }
  return notes;
}
