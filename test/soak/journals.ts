/** What the journals of an agent say, beside page tables: what was begun and not settled, what is damaged, what is not so. */

import { listRuns, tryReadRun } from '../../src/cycle/journal.js';
import { asIfRecovered, lastVerdicts, runState } from '../../src/cycle/recovery.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import type { Program } from './scene.js';

export interface JournalTruth {
  readonly runs: number;
  readonly unsettled: number;
  readonly damaged: number;
  /** Blocks that journals say are split. */
  readonly split: number;
  /** Blocks of which page tables say something else than the journals. */
  readonly wrong: number;
}

export function journalTruth(directory: string, programs: readonly Program[]): JournalTruth {
  const place = { host: linuxHost(), directory };
  const split = new Set<string>();
  let [unsettled, damaged] = [0, 0];
  const runs = listRuns(place);
  for (const name of runs) {
    const reading = tryReadRun(place, name);
    if (reading.kind === 'damaged') damaged++;
    if (reading.kind !== 'run') continue;
    const state = runState(place.host, reading.run);
    if (state === 'unfinished' || state === 'active') unsettled++;
    const run = asIfRecovered(place.host, reading.run);
    const verdicts = lastVerdicts(run);
    for (const { id, proposal } of run.plan.steps)
      if (verdicts.get(id)?.outcome === 'met') split.add(`${proposal.process.pid} ${proposal.block}`);
  }
  const blocks = programs.flatMap((program) => program.states());
  const wrong = blocks.filter(({ key, huge }) => split.has(key) === huge).length;
  return { runs: runs.length, unsettled, damaged, split: split.size, wrong };
}
