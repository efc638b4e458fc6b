/** What `octavo compare` does: reads the axes, runs the matrix, prints it and writes its pictures. */
import type { Cell } from '../../compare/cells.js';
import { type Comparison, comparisonOf, describe } from '../../compare/comparison.js';
import { ABLATED, ABLATIONS, CONTENDER_NAMES, DEFAULT_NAMES } from '../../compare/contenders/catalogue.js';
import { type MatrixWorkload, type PlannedCell, plannedCells, scoredCells } from '../../compare/matrix.js';
import { TABLE_CPUS, TABLE_SEEDS, tableScenarios } from '../../compare/workload-table.js';
import { CPU_NAMES } from '../../model/cpus/catalogue.js';
import { figureSvg } from '../../reports/figures/figure-svg.js';
import { storyHtml } from '../../reports/story/html.js';
import type { ScenarioFiles } from '../../simulator/run/jobs.js';
import { type Scenario, ScenarioSchema } from '../../simulator/scenario/scenario.js';
import { parseScenario } from '../../simulator/scenario/scenario-text.js';
import { parseHeat } from '../../simulator/workloads/replay.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { STANDARD_OUTPUT, writeOutput } from '../output.js';
import { CELL_ROWS, cellRow, showCells, showComparison, showContenders } from '../print/comparison.js';
import { headLine, rowLine } from '../print/rows.js';
import { plural } from '../print/units.js';
import { comparisonPlane, comparisonStory } from '../reports/comparison-story.js';
import { madeBy } from '../reports/made-by.js';
import { filesOf, readScenario } from '../simulate/simulate.js';
import { CellCache } from './cell-cache.js';
import { codeVersion } from './code-version.js';
import { expectedSeconds, runMatrix, spanOf } from './run-matrix.js';

/** Parsed options of `octavo compare`: the axes of the matrix and the files to write. */
export type CompareFlags = {
  readonly policies?: readonly string[];
  readonly cpus?: readonly string[];
  readonly seeds?: readonly number[];
  readonly pressures?: readonly (number | undefined)[];
  readonly heat?: readonly string[];
  readonly ablate: boolean;
  readonly list: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly csv: boolean;
  readonly svg?: string;
  readonly html?: string;
  readonly cache?: string;
  readonly fresh: boolean;
};

const NO_FILES: ScenarioFiles = { texts: {}, traces: {} };

/**
 * Runs the matrix and prints it. Throws an OctavoError for axes that do not exist and outputs that cannot be
 * written.
 */
export async function compare(
  context: OctavoContext,
  flags: CompareFlags,
  given: readonly string[],
): Promise<void> {
  checkOutputs(flags);
  if (flags.list) return list(context, flags.json);
  const policies = policiesOf(flags);
  const cells = plannedCells({
    workloads: await workloadsOf(context, given, flags),
    cpus: cpusOf(flags.cpus, given.length > 0),
    seeds: flags.seeds ?? TABLE_SEEDS,
    policies,
  });
  const directory = flags.cache ?? `${context.host.identity.stateDirectory}/compare`;
  const code = codeVersion(context.host.files);
  const cache = new CellCache(
    context.host.files,
    directory,
    flags.fresh ? `${code} ${context.host.random.uint32()}` : code,
  );
  if (flags.dryRun) return showPlanned(context, cells, cache, flags);
  try {
    const { answers, cached } = await runMatrix(context, cells, cache);
    const notes = notesOf(cells, cached, cache);
    // Rulers are run in any case, and told of where they were asked for.
    const told = scoredCells(cells, answers).filter(({ policy }) => policies.includes(policy));
    tell(context, comparisonOf(told, notes), flags);
  } finally {
    cache.close();
  }
}

/** USAGE when several of them want standard output, before cells are run for nothing. */
function checkOutputs(flags: CompareFlags): void {
  const wanting = wantingOutput(flags);
  if (wanting.length < 2) return;
  throw new OctavoError('USAGE', {
    problem: `${wanting.join(' and ')} both want standard output`,
    command: 'compare',
  });
}

function wantingOutput({ json, csv, svg, html }: CompareFlags): readonly string[] {
  return [
    ...(json ? ['--json'] : []),
    ...(csv ? ['--csv'] : []),
    ...(svg === STANDARD_OUTPUT ? ['--svg -'] : []),
    ...(html === STANDARD_OUTPUT ? ['--html -'] : []),
  ];
}

async function workloadsOf(
  context: OctavoContext,
  given: readonly string[],
  { pressures, heat = [] }: CompareFlags,
): Promise<readonly MatrixWorkload[]> {
  const recordings = await Promise.all(heat.map((path) => recordingOf(context, path)));
  if (given.length === 0 && recordings.length > 0) return recordings;
  if (given.length === 0)
    return tableScenarios().map((line) => ({
      ...line,
      files: NO_FILES,
      pressures: pressures ?? line.pressures,
    }));
  const workloads: MatrixWorkload[] = [...recordings];
  for (const word of given) {
    const { path, text } = readScenario(context, word);
    const scenario = parseScenario(text, path);
    if (scenario.agent !== undefined) throw hasAgent(path, text);
    const files = await filesOf(context, scenario);
    workloads.push({ name: nameOf(word, given), scenario, files, pressures: pressures ?? [undefined] });
  }
  return workloads;
}

/** A heat file, judged without a model of time; its own scenario only says on which CPU. */
async function recordingOf(context: OctavoContext, path: string): Promise<MatrixWorkload> {
  const scenario = ScenarioSchema.parse({
    octavo: 'scenario',
    version: 1,
    about: `the recording ${path}`,
    duration: '1s',
    host: { cpu: TABLE_CPUS[0], memory: '1GiB' },
    processes: [{ name: 'recorded', workload: 'replay', with: { file: path } }],
  });
  const files = await filesOf(context, scenario);
  // Read here, so that what is wrong with it is told before anything runs.
  parseHeat(files.texts[path] ?? '', path);
  return { name: path.replace(/^.*\//, ''), scenario, files, pressures: [undefined], recording: path };
}

/** The file's name without folder and ending; the whole word where two files would have the same. */
function nameOf(word: string, all: readonly string[]): string {
  const short = (one: string) => one.replace(/^.*\//, '').replace(/\.ya?ml$/, '');
  return all.filter((other) => short(other) === short(word)).length > 1 ? word : short(word);
}

function hasAgent(path: string, text: string): OctavoError {
  const line = text.split('\n').findIndex((one) => /^['"]?agent['"]?\s*:/.test(one)) + 1;
  const problem = 'a comparison puts its own policies to work; leave the agent out';
  return new OctavoError('SCENARIO_INVALID', { path, line: Math.max(1, line), key: 'agent', problem });
}

/** Of one's own scenarios the CPU that each names, unless others are given. */
function cpusOf(
  given: readonly string[] | undefined,
  own: boolean,
): readonly Scenario['host']['cpu'][] | undefined {
  if (given === undefined) return own ? undefined : TABLE_CPUS;
  return given.map((name) => known('--cpus', name, CPU_NAMES));
}

function policiesOf({ policies, ablate }: CompareFlags): readonly string[] {
  const named = policies?.map((name) => known('--policies', name, CONTENDER_NAMES));
  if (!ablate) return named ?? DEFAULT_NAMES;
  const parts = ABLATIONS.map(({ name }) => name);
  if (parts.length > 0) return [...new Set([...(named ?? []), ABLATED, ...parts])];
  const problem = `no part of policy ${ABLATED} can be switched off by itself`;
  throw new OctavoError('USAGE', { command: 'compare', problem });
}

function known<Name extends string>(option: string, name: string, names: readonly Name[]): Name {
  const found = names.find((one) => one === name);
  if (found !== undefined) return found;
  const problem = `is none of ${names.join(', ')}`;
  throw new OctavoError('VALUE_INVALID', { command: 'octavo compare', option, input: name, problem });
}

function notesOf(cells: readonly PlannedCell[], cached: number, cache: CellCache): readonly string[] {
  const notes = [`${plural(cells.length, 'cell')}, ${cached} of them known from before`];
  if (cache.problem !== undefined) notes.push(`cells are not kept for the next time: ${cache.problem}`);
  return notes;
}

function tell(context: OctavoContext, comparison: Comparison, flags: CompareFlags): void {
  if (flags.svg !== undefined) writeOutput(context, flags.svg, figureSvg(comparisonPlane(comparison)));
  if (flags.html !== undefined) {
    const story = comparisonStory(comparison, madeBy(context));
    writeOutput(context, flags.html, storyHtml(story));
  }
  if (flags.json) context.printJson(comparison);
  else if (flags.csv) printCsv(context, comparison.cells);
  else if (wantingOutput(flags).length > 0) context.remark(showComparison(comparison));
  else context.print(showComparison(comparison));
}

function printCsv(context: OctavoContext, cells: readonly Cell[]): void {
  context.printExact(
    [headLine(CELL_ROWS, 'csv'), ...cells.map((cell) => rowLine(CELL_ROWS, cellRow(cell), 'csv'))].join('\n'),
  );
}

function list(context: OctavoContext, json: boolean): void {
  const policies = CONTENDER_NAMES.map(describe);
  const workloads = tableScenarios().map(({ name, scenario: { about } }) => ({ name, about }));
  if (json) context.printJson({ octavo: 'contenders', version: 1, policies, workloads, cpus: TABLE_CPUS });
  else context.print(showContenders(policies, workloads));
}

function showPlanned(
  context: OctavoContext,
  cells: readonly PlannedCell[],
  cache: CellCache,
  { json }: CompareFlags,
): void {
  const seconds = Math.round(expectedSeconds(cells, cache));
  const planned = cells.map(({ place, unable }) => ({ ...place, unable: unable ?? null }));
  if (json)
    context.printJson({ octavo: 'comparison-plan', version: 1, cells: planned, expectedSeconds: seconds });
  else context.print(showCells(planned, `expected time: ${spanOf(seconds)}`));
}
