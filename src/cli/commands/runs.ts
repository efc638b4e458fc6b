import { type JournalPlace, listRuns, type ReadRun, readRun } from '../../cycle/journal.js';
import { lastVerdicts, runState } from '../../cycle/recovery.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import { parseWord, type StateFlags, stateFlags } from '../flags.js';
import { showVerdicts } from '../print/plan.js';
import { table } from '../print/table.js';
import { journalPlace } from '../turns.js';

type Flags = StateFlags & {
  readonly json: boolean;
};

export const runsCommand = command<Flags, [string?]>(
  {
    brief: 'list what was done on this host, or show one run from its journal',
    description: 'Reads the journals. An unfinished run was cut off; the next apply, run or undo settles it.',
    examples: [
      ['octavo runs', 'all runs, oldest first'],
      ['octavo runs 20260101T120000000Z-1a2b', 'one run with its verdicts'],
    ],
  },
  {
    flags: { ...stateFlags, json: jsonFlag },
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'run', brief: 'Show this run only', parse: parseWord, optional: true }],
    },
  },
  function (flags, name) {
    const place = journalPlace(this, flags.state);
    if (name !== undefined) {
      showOne(this, place, name, flags.json);
      return;
    }
    const runs = listRuns(place).flatMap((run) => readRun(place, run) ?? []);
    const rows = runs.map((run) => summary(place, run));
    if (flags.json) this.printJson({ octavo: 'runs', version: 1, directory: place.directory, runs: rows });
    else if (rows.length === 0) this.print(`No runs in ${place.directory}.`);
    else
      this.print(
        table(['run', 'state', 'target', 'policy', 'steps', 'met', 'undoes'], rows.map(columns), [4, 5]),
      );
  },
);

function showOne(
  context: { print(text: string): void; printJson(value: unknown): void },
  place: JournalPlace,
  name: string,
  json: boolean,
): void {
  const run = name.includes('/') ? undefined : readRun(place, name);
  if (!run) throw new OctavoError('RUN_NOT_FOUND', { run: name, directory: `${place.directory}/runs` });
  const verdicts = [...lastVerdicts(run).values()];
  const state = runState(place.host, run);
  if (json) {
    context.printJson({
      octavo: 'journal',
      version: 1,
      run: name,
      state,
      plan: run.plan,
      records: run.records,
      verdicts,
    });
    return;
  }
  context.print(
    `Run ${name}: ${state}; plan ${run.plan.id} for ${run.plan.target}, ${run.plan.steps.length} steps`,
  );
  context.print(showVerdicts(run.plan, verdicts));
}

function summary(place: JournalPlace, run: ReadRun) {
  const verdicts = [...lastVerdicts(run).values()];
  return {
    run: run.run,
    state: runState(place.host, run),
    target: run.plan.target,
    policy: run.plan.policy,
    steps: run.plan.steps.length,
    met: verdicts.filter(({ outcome }) => outcome === 'met').length,
    undoes: run.plan.undoes ?? null,
  };
}

function columns(row: ReturnType<typeof summary>): readonly string[] {
  const { run, state, target, policy, steps, met, undoes } = row;
  return [run, state, target, policy, String(steps), String(met), undoes ?? '-'];
}
