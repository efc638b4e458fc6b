import { type JournalPlace, listRuns, type ReadRun, readRun } from '../../cycle/journal.js';
import { namedRun } from '../../cycle/named-run.js';
import { asIfRecovered, lastVerdicts, runState } from '../../cycle/recovery.js';
import { type IndexRow, lookUp, RunIndex } from '../../cycle/run-index.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { showUndoneBy } from '../print/journal.js';
import { showVerdicts } from '../print/plan.js';
import { table } from '../print/table.js';
import { parseCount, parseWord, type StateFlags, stateFlags } from '../shared-flags.js';
import { journalPlace } from '../turns.js';

type Flags = StateFlags & {
  readonly json: boolean;
  readonly last: number;
  readonly all: boolean;
};

/** Runs in a list unless told otherwise: two screens. */
const SHOWN_RUNS = 50;

/** `octavo runs [RUN]`: what the journal holds. */
export const runsCommand = command<Flags, [string?]>(
  {
    brief: 'list what was done on this host, or show one run from its journal',
    effect: LOOKS,
    description: [
      'Reads the journals and writes nothing. An unfinished run was cut off; the next apply, run or undo settles it, and',
      'its steps are shown as page tables have them now. `undone` counts the steps that did not stay, by who undid them:',
      'a later run of Octavo, the kernel, the process itself, or unknown.',
    ].join('\n'),
    examples: [
      ['octavo runs', `the last ${SHOWN_RUNS} runs, oldest first`],
      ['octavo runs --all --json', 'all that are kept'],
      ['octavo runs 20260101T120000000Z-1a2b', 'one run with its verdicts'],
    ],
  },
  {
    flags: {
      ...stateFlags,
      json: jsonFlag,
      last: {
        kind: 'parsed',
        parse: parseCount,
        brief: 'List so many, the newest',
        default: String(SHOWN_RUNS),
        placeholder: 'count',
      },
      all: { kind: 'boolean', brief: 'List all', default: false, withNegated: false },
    },
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'run', brief: 'Show this run only', parse: parseWord, optional: true }],
    },
  },
  function (flags, name) {
    const place = journalPlace(this, flags.state);
    if (name === undefined) listAll(this, place, flags);
    else showOne(this, asIfRecovered(this.host, namedRun(place, name)), flags.json);
  },
);

function showOne(context: OctavoContext, run: ReadRun, json: boolean): void {
  const verdicts = [...lastVerdicts(run).values()];
  const state = runState(context.host, run);
  const { plan, records } = run;
  if (json) {
    context.printJson({ octavo: 'journal', version: 1, run: run.run, state, plan, records, verdicts });
    return;
  }
  context.print(`Run ${run.run}: ${state}; plan ${plan.id} for ${plan.target}, ${plan.steps.length} steps`);
  context.print(showVerdicts(plan, verdicts));
}

function listAll(context: OctavoContext, place: JournalPlace, flags: Flags): void {
  const names = listRuns(place);
  const index = RunIndex.read(place);
  const shown = flags.all ? names : names.slice(Math.max(0, names.length - flags.last));
  const found = shown.flatMap((run) => {
    const row = lookUp(place, index, run);
    return row ? [{ run, row }] : [];
  });
  const older = names.length - shown.length;
  if (flags.json) context.printJson(listDocument(place, found, older));
  else if (names.length === 0) context.print(`No runs in ${place.directory}.`);
  else showList(context, place, found, older);
}

type Found = readonly { readonly run: string; readonly row: IndexRow }[];

const HEADERS = ['run', 'state', 'target', 'policy', 'steps', 'met', 'undone', 'undoes'];

function showList(context: OctavoContext, place: JournalPlace, found: Found, older: number): void {
  const rows = found.map(({ run, row }) =>
    'damaged' in row ? [run, 'damaged', ...Array(6).fill('-')] : columns(summary(place, row)),
  );
  context.print(table(HEADERS, rows, [4, 5]));
  if (older > 0) context.print(`(${older} older; --all lists them)`);
  for (const { row } of found) if ('damaged' in row) context.print(row.damaged);
}

function listDocument(place: JournalPlace, found: Found, older: number) {
  return {
    octavo: 'runs',
    version: 1,
    directory: place.directory,
    runs: found.flatMap(({ row }) => ('damaged' in row ? [] : [summary(place, row)])),
    damaged: found.flatMap(({ run, row }) => ('damaged' in row ? [{ run, problem: row.damaged }] : [])),
    older,
  };
}

function summary(place: JournalPlace, row: Exclude<IndexRow, { damaged: string }>) {
  const { run, target, policy, steps, met, undone, undoes } = row;
  return { run, state: stateOf(place, row), target, policy, steps, met, undone, undoes };
}

/** Only a run without an end can still be going on. */
function stateOf(place: JournalPlace, row: Exclude<IndexRow, { damaged: string }>) {
  const run = row.state === 'unfinished' ? readRun(place, row.run) : undefined;
  return run ? runState(place.host, run) : row.state;
}

function columns(row: ReturnType<typeof summary>): string[] {
  const { run, state, target, policy, steps, met, undone, undoes } = row;
  return [run, state, target, policy, String(steps), String(met), showUndoneBy(undone), undoes ?? '-'];
}
