import { chosenPolicy, type TurnRequest } from '../../config/assemble.js';
import { SERVICE_KINDS, type ServiceKind } from '../../services/service-id.js';
import { policyTurn } from '../../survey/policy-turn.js';
import { FIGURES, type SortKey, sorted } from '../../survey/rows.js';
import { type Survey, survey } from '../../survey/survey.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { rowPrinter } from '../format-flag.js';
import { withKindFlags } from '../kind-flags.js';
import { bytesBetween, countBetween, durationBetween } from '../parameters.js';
import { type StateFlags, stateFlags } from '../shared-flags.js';
import { SURVEY_ROWS, surveyDocument, surveyRow } from '../survey/document.js';
import { requestOf, SURVEY_HEAT, SURVEY_POLICIES, type SurveyPolicy } from '../survey/request.js';
import { showSurvey, surveyNotes } from '../survey/text.js';
import { journalPlace } from '../turns.js';

type Flags = StateFlags & {
  readonly by?: ServiceKind;
  readonly sort: SortKey;
  readonly rows: number;
  readonly budget: number;
  readonly read: number;
  readonly policy?: SurveyPolicy;
  readonly csv: boolean;
  readonly json: boolean;
};

const SORT_KEYS: readonly SortKey[] = [...FIGURES, 'lock', 'name'];

const ownFlags = {
  by: {
    kind: 'enum',
    values: SERVICE_KINDS,
    brief: 'A row for each of these; the closest name there is when absent: VM, container, unit, command',
    optional: true,
  },
  sort: { kind: 'enum', values: SORT_KEYS, brief: 'What the rows are ranked by', default: 'returns' },
  rows: {
    kind: 'parsed',
    parse: countBetween(0, 1e6),
    brief: 'Rows to show',
    default: '20',
    placeholder: 'count',
  },
  budget: {
    kind: 'parsed',
    parse: durationBetween(100, 3_600_000),
    brief: 'Time to spend; a process’s mmap_lock is held for at most a 200th of it',
    default: '2s',
    placeholder: 'duration',
  },
  read: {
    kind: 'parsed',
    parse: bytesBetween(0, 2 ** 50),
    brief: 'Content of huge pages to read at most; 0 reads none',
    default: '1GiB',
    placeholder: 'size',
  },
  policy: {
    kind: 'enum',
    values: Object.keys(SURVEY_POLICIES) as SurveyPolicy[],
    brief: 'Policy that is asked what it would return (chain when absent)',
    optional: true,
  },
  csv: { kind: 'boolean', brief: 'Print a line for each target as CSV', default: false, withNegated: false },
  json: jsonFlag,
  ...stateFlags,
} as const;

/** `octavo survey`: the whole host within a budget of time and locks. */
export const surveyCommand = command<Flags, []>(
  {
    brief: 'say where this host’s memory is, service by service, and what would be returned',
    effect: LOOKS,
    description: [
      'One ranked table of all services: resident, huge, empty in huge pages, held by huge pages but mapped by no process, holes,',
      'cold as far as known, and what the policy would return at what cost. Changes nothing. Counters of cgroups come first,',
      'then page tables and the content of huge pages drawn at random, the most promising processes first, within a time, an',
      'amount of reading and a time of each process’s mmap_lock. What was not seen is told, with the reason; ? is not 0.',
    ].join('\n'),
    examples: [
      ['octavo survey', 'the whole host, what would return most first'],
      ['octavo survey --by unit --sort huge', 'systemd units by huge pages'],
      ['octavo survey --by container --json', 'containers and pods, for a script'],
      ['octavo survey --budget 30s --read 16GiB', 'take longer and be surer'],
      ['octavo survey --read 0', 'counters and page tables alone'],
      ['octavo survey --policy octavo --heat heat.parquet', 'with what samples told of cold memory'],
    ],
  },
  {
    flags: withKindFlags(ownFlags, SURVEY_POLICIES, SURVEY_HEAT) as typeof ownFlags,
    positional: { kind: 'tuple', parameters: [] },
  },
  async function (flags) {
    const request = requestOf(flags);
    const policy = chosenPolicy(request);
    const found = await surveyNow(this, flags, request);
    const rows = sorted(found.rows, flags.sort);
    if (flags.json) {
      this.printJson(surveyDocument(rows, found, { by: flags.by ?? 'closest', policy, sort: flags.sort }));
    } else if (flags.csv) {
      const print = rowPrinter(this, SURVEY_ROWS, 'csv');
      for (const row of rows) print(surveyRow(row));
    } else {
      this.print(showSurvey(rows, found, flags.rows));
      for (const note of surveyNotes(rows, found, policy)) this.print(note);
    }
  },
);

function surveyNow(context: OctavoContext, flags: Flags, request: TurnRequest): Promise<Survey> {
  const { host, signal } = context;
  const progress = (what: string, done: number, total: number, unit: string) =>
    context.progress.show(what, done, total, unit);
  const place = journalPlace(context, flags.state);
  return survey({
    host,
    by: flags.by,
    budgetMs: flags.budget,
    readBytes: flags.read,
    judgeBlocks: policyTurn({ place, request, signal, progress }),
    signal,
    progress,
  });
}
