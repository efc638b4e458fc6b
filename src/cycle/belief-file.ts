/** Beliefs beside the journal, so that a restart forgets nothing: a command that plans reads them, a turn that acts writes them. */

import { type BeliefOptions, Beliefs } from '../belief/beliefs.js';
import { restoreBeliefs, saveBeliefs } from '../belief/saved-beliefs.js';
import { readOwnBytes, writeOwn } from '../host/own-file.js';
import type { Plan, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { JournalPlace } from './journal.js';
import { learnOutcome } from './policy-facts.js';
import { isThere } from './same-process.js';

const pathOf = ({ directory }: JournalPlace) => `${directory}/beliefs`;

/** Beliefs as kept, or new ones where none could be read. */
export interface ReadBeliefs {
  readonly beliefs: Beliefs;
  /** What a reader should know: that what was kept cannot be used, or that some was given up. */
  readonly notes: readonly string[];
}

/** Beliefs as they were kept. Of an earlier boot, or damaged, they count as none, and a note says so. */
export function readBeliefs(place: JournalPlace, options: Omit<BeliefOptions, 'geometry'> = {}): ReadBeliefs {
  const { host } = place;
  const { geometry, bootId } = host.identity;
  const bytes = readOwnBytes(host.files, pathOf(place));
  if (!bytes.ok) return { beliefs: new Beliefs({ ...options, geometry }), notes: [] };
  const restored = restoreBeliefs(bytes.value, { ...options, geometry, bootId });
  if (restored.ok) {
    restored.value.keepOnly((process) => isThere(host, process));
    return { beliefs: restored.value, notes: [] };
  }
  const note = `${pathOf(place)} ${restored.error}; what was learned before is forgotten`;
  return { beliefs: new Beliefs({ ...options, geometry }), notes: [note] };
}

/** Keeps beliefs in one atomic write. That they cannot be kept is a note, no failure of the run. */
export function keepBeliefs(place: JournalPlace, beliefs: Beliefs): readonly string[] {
  const { host } = place;
  const written = writeOwn(host.files, pathOf(place), saveBeliefs(beliefs, host.identity.bootId));
  if (written.ok) return [];
  return [
    `${pathOf(place)} cannot be written (${written.error.errno}): a restart will forget what was learned`,
  ];
}

/** Keeps what was learned of some processes beside what others have kept since it was read. */
export function keepBeliefsOf(
  place: JournalPlace,
  learned: Beliefs,
  processes: readonly ProcessIdentity[],
): readonly string[] {
  const { beliefs } = readBeliefs(place);
  for (const process of processes) {
    const belief = learned.of(process);
    if (belief !== undefined) beliefs.adopt(belief);
  }
  return keepBeliefs(place, beliefs);
}

/**
 * Adds what became of a plan's steps to the ledgers that are kept; nothing where the plan predicted nothing. Returns
 * notes, as `keepBeliefs` does.
 */
export function keepOutcome(
  place: JournalPlace,
  plan: Plan,
  verdicts: readonly Verdict[],
): readonly string[] {
  if (plan.prediction === undefined) return [];
  const { beliefs } = readBeliefs(place);
  learnOutcome(beliefs, plan, verdicts);
  return keepBeliefs(place, beliefs);
}
