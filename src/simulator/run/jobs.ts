/** Work of the simulator that runs on worker threads. Inputs and results are plain data. */
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { Scenario } from '../scenario/scenario.js';
import type { TraceColumns } from '../workloads/trace-columns.js';
import type { Reads } from '../workloads/workload.js';
import { type BaselineRequest, baselineNs } from './baselines.js';
import type { SimulationOutcome } from './outcome.js';
import { simulate } from './simulation.js';

/** Files that a scenario names, by their path in it: texts, and the rows of traces. */
export interface ScenarioFiles {
  readonly texts: Readonly<Record<string, string>>;
  readonly traces: Readonly<Record<string, TraceColumns>>;
}

/** Reads of what a scenario names. */
export function readsOf({ texts, traces }: ScenarioFiles): Reads {
  return { readText: (path) => texts[path] ?? '', readTrace: (path) => traces[path] };
}

/** What a worker can be asked for. */
export type Job =
  | { readonly kind: 'baseline'; readonly request: BaselineRequest; readonly files: ScenarioFiles }
  | {
      readonly kind: 'simulate';
      readonly scenario: Scenario;
      readonly seed: number;
      readonly name: string;
      readonly files: ScenarioFiles;
    };

/** By name rather than as `import.meta.url`, since a bundle puts this module's code into a file of another name. */
export const JOBS_MODULE = new URL('./jobs.js', import.meta.url);

/** Does a job; called by the worker pool. */
export async function run(job: Job): Promise<Nanoseconds | SimulationOutcome> {
  const reads = readsOf(job.files);
  if (job.kind === 'baseline') return baselineNs(job.request, reads);
  return simulate(job.scenario, job.seed, job.name, { ...reads, progress: () => undefined });
}
