/** Work of the simulator that runs on worker threads. Inputs and answers are plain data. */
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { Scenario } from '../scenario/scenario.js';
import { type BaselineRequest, baselineNs } from './baselines.js';
import type { SimulationOutcome } from './outcome.js';
import { simulate } from './simulation.js';

/** Texts of the files that a scenario names, by their path in it. */
export type ScenarioFiles = Readonly<Record<string, string>>;

export type Job =
  | { readonly kind: 'baseline'; readonly request: BaselineRequest; readonly files: ScenarioFiles }
  | {
      readonly kind: 'simulate';
      readonly scenario: Scenario;
      readonly seed: number;
      readonly name: string;
      readonly files: ScenarioFiles;
    };

export type JobAnswer<Kind extends Job['kind']> = Kind extends 'baseline' ? Nanoseconds : SimulationOutcome;

/** By name rather than as `import.meta.url`, since a bundle puts this module's code into a file of another name. */
export const JOBS_MODULE = new URL('./jobs.js', import.meta.url);

export async function run(job: Job): Promise<Nanoseconds | SimulationOutcome> {
  const readText = (path: string) => job.files[path] ?? '';
  if (job.kind === 'baseline') return baselineNs(job.request, readText);
  return simulate(job.scenario, job.seed, job.name, { readText, progress: () => undefined });
}
