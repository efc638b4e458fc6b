import { fileURLToPath } from 'node:url';
import { runJobs } from '../../host/worker-pool.js';
import { CPUS } from '../../model/cpus/catalogue.js';
import { baselineNs } from '../../simulator/run/baselines.js';
import { JOBS_MODULE, type Job, readsOf, type ScenarioFiles } from '../../simulator/run/jobs.js';
import type { SimulationOutcome } from '../../simulator/run/outcome.js';
import { recordingOf } from '../../simulator/run/pmu-recording.js';
import { Simulation } from '../../simulator/run/simulation.js';
import { heatText } from '../../simulator/scenario/heat-text.js';
import { hostGeometry, type Scenario } from '../../simulator/scenario/scenario.js';
import { parseScenario, withValue } from '../../simulator/scenario/scenario-text.js';
import { requireRoom, traceColumns } from '../../simulator/scenario/trace-columns.js';
import { WORKLOADS } from '../../simulator/workloads/catalogue.js';
import type { TraceColumns } from '../../simulator/workloads/trace-columns.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { OctavoContext } from '../context.js';
import { refuseTwoOutputs, STANDARD_OUTPUT, tellBeside, writeOutput } from '../output.js';
import { showList } from '../print/ready-scenarios.js';
import { showOutcome } from '../print/simulation.js';
import { showSweep } from '../print/sweep.js';
import { madeBy } from '../reports/made-by.js';
import { checkOutputs, writeStory } from '../reports/outputs.js';
import { simulationStory } from '../reports/simulation-story.js';
import { gridOf } from './sweep-grid.js';

/** Where ready scenarios stand: beside the program, seen from its bundle in a package and from the build in a checkout. */
const READY = ['../scenarios/', '../../../../scenarios/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** Baselines with fewer accesses than this are quicker here than on another thread. */
const WORTH_A_THREAD = 2e6;

/** Parsed options of `octavo simulate`. */
export type SimulateFlags = {
  readonly json: boolean;
  readonly list: boolean;
  readonly seed?: number;
  readonly sweep?: readonly string[];
  readonly record?: string;
  readonly heat: boolean;
  readonly html?: string;
};

/** What the command does: lists, sweeps, or runs one scenario. */
export async function simulate(
  context: OctavoContext,
  flags: SimulateFlags,
  given: string | undefined,
): Promise<void> {
  checkOutputs({ ...(flags.html === undefined ? {} : { html: flags.html }) }, flags.json, 'simulate');
  if (flags.list) return list(context, flags.json);
  if (given === undefined) {
    throw new OctavoError('USAGE', {
      problem: 'which scenario? (--list shows the ready ones)',
      command: 'simulate',
    });
  }
  refuseTwoOutputs('simulate', '--record', flags.record, flags.json);
  if (flags.record === STANDARD_OUTPUT && flags.html === STANDARD_OUTPUT)
    throw new OctavoError('USAGE', {
      problem: '--record - and --html - both want standard output',
      command: 'simulate',
    });
  const { path, text } = readScenario(context, given);
  const scenario = parseScenario(text, path);
  if (flags.sweep !== undefined && (flags.heat || flags.html !== undefined))
    throw new OctavoError('USAGE', {
      problem: '--heat and --html are of one run, not of a sweep',
      command: 'simulate',
    });
  if (flags.sweep !== undefined) return sweep(context, text, path, flags, flags.sweep);
  await runOne(context, scenario, flags.seed ?? scenario.seed, given, flags);
}

/** The text of a scenario: a ready one by its name, or a file. */
export function readScenario(context: OctavoContext, given: string): { path: string; text: string } {
  const name = `${given}.yaml`;
  const ready = /^[\w-]+$/.test(given)
    ? READY.map((folder) => context.host.files.readText(folder + name)).find((text) => text.ok)
    : undefined;
  if (ready?.ok) return { path: name, text: ready.value };
  const own = context.host.files.readText(given);
  if (own.ok) return { path: given, text: own.value };
  throw new OctavoError('FILE_UNREADABLE', { path: given, errno: own.error.errno });
}

async function runOne(
  context: OctavoContext,
  scenario: Scenario,
  seed: number,
  name: string,
  flags: SimulateFlags,
): Promise<void> {
  if (flags.record !== undefined && scenario.pmu === undefined) {
    throw new OctavoError('USAGE', { problem: '--record needs a scenario with `pmu:`', command: 'simulate' });
  }
  const files = await filesOf(context, scenario);
  const simulation = new Simulation(scenario, seed, {
    ...readsOf(files),
    keepHeat: flags.heat || flags.html !== undefined,
    progress: (done, total) =>
      context.progress.show('simulating', Math.round(done / 1e6), Math.round(total / 1e6), 'ms'),
  });
  await simulation.run(context.signal);
  const requests = simulation.baselineRequests();
  const accesses = requests.reduce((sum, request) => sum + request.warmUp + request.accesses, 0);
  const baselines =
    accesses < WORTH_A_THREAD
      ? requests.map((request) => baselineNs(request, readsOf(files)))
      : await runJobs<Job, number>(
          { url: JOBS_MODULE },
          requests.map((request) => ({ kind: 'baseline', request, files })),
        );
  const outcome = simulation.outcome(baselines, name);
  if (flags.record !== undefined) writeOutput(context, flags.record, recordingOf(simulation));
  if (flags.html !== undefined) {
    const story = simulationStory(outcome, madeBy(context));
    writeStory(context, story, { html: flags.html }, 'course');
  }
  if (flags.json) context.printJson(flags.heat ? outcome : withoutHeat(outcome));
  else tellBeside(context, showOutcome(outcome), flags.html === STANDARD_OUTPUT ? flags.html : flags.record);
}

/** What was kept for a page alone is in no document. */
function withoutHeat({ heat: _, ...outcome }: SimulationOutcome): SimulationOutcome {
  return outcome;
}

/** Files that workloads name, read once, so that worker threads need no host. */
export async function filesOf(context: OctavoContext, { host, processes }: Scenario): Promise<ScenarioFiles> {
  const texts: Record<string, string> = {};
  const traces: Record<string, TraceColumns> = {};
  const geometry = hostGeometry(host);
  for (const { workload, with: parameters } of processes) {
    const path = parameters.file;
    if (typeof path !== 'string') continue;
    const bytes = context.host.files.readBytes(path);
    if (!bytes.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: bytes.error.errno });
    if (workload !== 'trace') texts[path] = await heatText(bytes.value, path, geometry);
    else {
      traces[path] = await traceColumns(bytes.value, path, geometry);
      requireRoom(traces[path], path, host.memory + host.swap, geometry);
    }
  }
  return { texts, traces };
}

async function sweep(
  context: OctavoContext,
  text: string,
  path: string,
  flags: SimulateFlags,
  keys: readonly string[],
): Promise<void> {
  const points = gridOf(keys);
  const jobs: Job[] = [];
  for (const point of points) {
    const changed = point.reduce((sofar, [key, value]) => withValue(sofar, path, key, value), text);
    const scenario = parseScenario(changed, path);
    const name = point.map(([key, value]) => `${key}=${value}`).join(' ');
    const files = await filesOf(context, scenario);
    jobs.push({ kind: 'simulate', scenario, seed: flags.seed ?? scenario.seed, name, files });
  }
  const outcomes = await runJobs<Job, SimulationOutcome>(
    { url: JOBS_MODULE },
    jobs,
    undefined,
    (done, total) => context.progress.show('sweeping', done, total, 'runs'),
  );
  if (flags.json) context.printJson({ octavo: 'sweep', version: 1, outcomes });
  else context.print(showSweep(outcomes));
}

function list(context: OctavoContext, json: boolean): void {
  const scenarios = READY.flatMap((folder) => {
    const names = context.host.files.list(folder);
    return names.ok ? names.value : [];
  })
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => {
      const { path, text } = readScenario(context, name.replace(/\.yaml$/, ''));
      const { about, host, duration } = parseScenario(text, path);
      return { name: name.replace(/\.yaml$/, ''), about, cpu: host.cpu, durationMs: duration / 1e6 };
    });
  const workloads = Object.entries(WORKLOADS).map(([name, { brief }]) => ({ name, brief }));
  const cpus = Object.values(CPUS).map(({ name, title }) => ({ name, title }));
  if (json) context.printJson({ octavo: 'scenarios', version: 1, scenarios, workloads, cpus });
  else context.print(showList(scenarios, workloads, Object.values(CPUS)));
}
