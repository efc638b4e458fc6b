/** The commands that only look, each as command lines, for tests that hold them against page tables. */
import { routes } from '../../src/cli/application/catalogue.js';
import type { Effect } from '../../src/cli/command.js';
import { manualCommands } from '../../src/cli/manual.js';
import { POLICIES } from '../../src/policies/kinds/catalogue.js';
import { SOURCES } from '../../src/sources/kinds/catalogue.js';
import { EXIT } from '../../src/vocabulary/errors.js';

/** What the command lines name. */
export interface Scene {
  readonly pid: number;
  /** A huge block of it, and one that is mapped by base pages. */
  readonly huge: string;
  readonly small: string;
  /** Files that were made before. */
  readonly plan: string;
  readonly heat: string;
  /** Heat of other samples of the same pages. */
  readonly laterHeat: string;
  readonly perf: string;
  readonly schemes: string;
  readonly script: string;
  readonly configuration: string;
  /** A run that ended, and one that was killed and is not settled. */
  readonly ended: string;
  readonly killed: string;
  /** A new name in a directory that may be written to. */
  fresh(name: string): string;
}

export interface LookingCommand {
  readonly words: string;
  readonly effect: Effect;
  readonly dryRun: boolean;
}

/** Every command that can be asked to look: those that never act, and those that act only when told to. */
export function lookingCommands(): readonly LookingCommand[] {
  return manualCommands(routes)
    .map(({ words, text: { effect }, dryRun }) => ({ words, effect, dryRun }))
    .filter(({ effect, dryRun }) => effect.kind === 'looks' || effect.when !== undefined || dryRun);
}

type Lines = (scene: Scene) => readonly (readonly string[])[];

/** A command without a row here fails the tests. The words of the command itself stand in front. */
export const LOOKING_LINES: Readonly<Record<string, Lines>> = {
  doctor: () => [[], ['--json']],
  survey: ({ heat }) => [
    [],
    ['--by', 'process', '--json'],
    ['--policy', 'octavo', '--heat', heat],
    ['--budget', '5s', '--csv'],
  ],
  top: () => [
    ['--alone', '--budget', '2s'],
    ['--lines', '--frames', '2', '--every', '500ms'],
  ],
  dashboard: ({ heat, ended }) => [
    ['--for', '2s'],
    [heat, '--for', '500ms', '--json'],
    [ended, '--heat', heat, '--for', '500ms'],
  ],
  inspect: ({ pid, huge, small }) => [
    ...['none', 'sample', 'all'].map((content) => [`${pid}`, '--content', content]),
    [`${pid}`, '--content', 'all', '--json', '--blocks'],
    [`${pid}`, '--explain', huge],
    [`${pid}`, '--explain', small, '--json'],
  ],
  plan: ({ pid, huge, small, heat, perf, fresh }) => [
    [`${pid}`],
    ...lookingSources().map((source) => [`${pid}`, '--source', source]),
    ...Object.keys(POLICIES)
      .filter((policy) => policy !== 'named-blocks')
      .map((policy) => [`${pid}`, '--policy', policy]),
    [`${pid}`, '--heat', heat],
    [`${pid}`, '--perf', perf, '--resolve'],
    ['--heat', heat],
    [`${pid}`, '--split', huge, '--json'],
    [`${pid}`, '--collapse', small, '--out', fresh('plan.json')],
  ],
  run: ({ pid, huge }) => [
    [`${pid}`, '--dry-run'],
    [`${pid}`, '--dry-run', '--split', huge],
  ],
  apply: ({ plan }) => [[plan, '--dry-run']],
  undo: ({ ended, killed }) => [
    [ended, '--dry-run'],
    [killed, '--dry-run'],
  ],
  runs: ({ ended, killed }) => [[], ['--json'], [ended], [killed]],
  // There is none yet: it looks, and says so.
  explain: ({ pid, huge, small }) => [
    [`${pid}:${huge}`],
    [`${pid}:${small}`, '--json'],
    [`${pid}`],
    [`${pid}`, '--json'],
  ],
  history: () => [[], ['--json']],
  import: ({ pid, perf, fresh }) => [[perf, '--resolve', `${pid}`, '--out', fresh('heat.parquet')]],
  record: ({ pid }) => [[`${pid}`, '--dry-run']],
  report: ({ heat, ended, fresh }) => [
    [heat],
    [heat, '--thp'],
    [heat, '--thp', '--svg', fresh('heat.svg')],
    [heat, '--html', fresh('heat.html'), '--png', fresh('heat.png')],
    [ended, '--heat', heat, '--html', fresh('run.html')],
  ],
  'heat show': ({ heat }) => [[heat], [heat, '--shades', 'all'], [heat, '--json']],
  'heat merge': ({ heat, laterHeat, fresh }) => [[heat, laterHeat, '--out', fresh('merged.parquet')]],
  'heat diff': ({ heat, laterHeat }) => [
    [heat, laterHeat],
    [heat, laterHeat, '--json'],
  ],
  'damon status': () => [[], ['--json']],
  'damon show': () => [[]],
  'damon apply': ({ pid, schemes }) => [[schemes, '--target', `${pid}`, '--dry-run']],
  'damon act': ({ pid, huge }) => [[`${pid}`, '--action', 'cold', '--range', huge, '--dry-run']],
  'record-host': ({ pid, fresh }) => [[fresh('host'), '--', 'inspect', `${pid}`, '--content', 'all']],
  simulate: () => [['--list']],
  status: () => [[], ['--json']],
  'config check': ({ configuration }) => [[configuration], [configuration, '--json']],
  'config explain': () => [[], ['targets.budgets.lockShare']],
  'config print': ({ configuration }) => [[configuration]],
  'config schema': () => [[]],
  'config unit': () => [[]],
  compare: ({ fresh }) => [['--list'], ['--dry-run', '--cache', fresh('cells')]],
  'model shell': ({ script }) => [['--script', script]],
  help: () => [[], ['plan']],
  man: () => [[]],
  completion: () => [['bash']],
};

/** All but those that `plan` itself declares to leave a trace. */
export function lookingSources(): readonly string[] {
  const plan = lookingCommands().find(({ words }) => words === 'plan');
  const acting = plan?.effect.kind === 'acts' ? (plan.effect.when ?? '') : '';
  return Object.keys(SOURCES).filter((source) => !acting.split(' ').includes(source));
}

/** DAMON may be absent or somebody else's, and hardware may not sample: then a command has looked and says so. */
const MAY_END_WITH: Readonly<Record<string, readonly number[]>> = {
  status: [EXIT.done, EXIT.noTarget],
  history: [EXIT.noTarget],
  record: [EXIT.done, EXIT.notPermitted, EXIT.notAble],
  'damon status': [EXIT.done, EXIT.notAble],
  'damon show': [EXIT.done, EXIT.notAble],
  'damon apply': [EXIT.done, EXIT.notAble],
  'damon act': [EXIT.done, EXIT.notAble],
};

export function mayEndWith(words: string): readonly number[] {
  return MAY_END_WITH[words] ?? [EXIT.done];
}
