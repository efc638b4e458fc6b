/** Which clock the times of recordings are of, and how they are brought to it. */
import type { SliceClock } from '../../formats/heat-file/facts.js';
import type { PerfSession } from '../../formats/perf-data/session.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import type { Nanoseconds } from '../../vocabulary/units.js';

/** The clock of each recording, and the offset that brings its times to one clock for all. */
export class SliceClocks {
  /** What brings times of a recording to the wall clock; 0 where that is not known. */
  readonly #offsets = new Map<PerfSession, Nanoseconds>();

  /** What is known when the first samples of the recording come holds for all of them. */
  offsetOf(session: PerfSession): Nanoseconds {
    const known = this.#offsets.get(session);
    if (known !== undefined) return known;
    const { clock } = session.state.features;
    const offset = clock === undefined ? 0 : Number(clock.wallNs - clock.clockNs);
    this.#offsets.set(session, offset);
    return offset;
  }

  /** The clock that all times are of; `none` when they are of several. */
  clock(recordings: readonly RecordingFacts[]): SliceClock {
    const offsets = [...this.#offsets.values()];
    if (offsets.length > 0 && offsets.length === recordings.length && offsets.every((offset) => offset !== 0))
      return 'wall';
    const boots = new Set(recordings.map(({ bootId }) => bootId));
    const isOneBoot = recordings.length === 1 || (boots.size === 1 && !boots.has(undefined));
    return isOneBoot && offsets.every((offset) => offset === 0) ? 'recording' : 'none';
  }
}
