/** What a configuration would allow, for tests: one target that has everything, narrowed as a test wants. */
import type { Grant, Grants } from '../../src/agent/hands/grants.js';
import { LEAST_PAUSE_MS, USUAL_LOOK_SHARE, USUAL_SAMPLE_SHARE } from '../../src/agent/hands/grants.js';
import { DEFAULT_BUDGETS } from '../../src/planning/budgets.js';
import type { ProcessIdentity } from '../../src/vocabulary/process.js';
import { GIB } from '../../src/vocabulary/units.js';

export function grant(more: Partial<Grant> = {}): Grant {
  return {
    name: 'db',
    act: true,
    actions: ['split', 'collapse'],
    actuators: ['madvise', 'debugfs-split'],
    looks: ['occupancy', 'smaps'],
    budgets: DEFAULT_BUDGETS,
    bytesPerHour: GIB,
    pauseMs: LEAST_PAUSE_MS,
    readBytesPerSecond: GIB,
    lookShare: USUAL_LOOK_SHARE,
    isOpen: () => true,
    ...more,
  };
}

/** The grant for processes of these pids; of all where none are given. */
export function grantsOf(one: Grant, pids?: readonly number[]): Grants {
  const has = ({ pid }: ProcessIdentity) => pids === undefined || pids.includes(pid);
  return {
    targets: [one],
    sampleShare: USUAL_SAMPLE_SHARE,
    grantOf: (process) => (has(process) ? one : undefined),
  };
}
