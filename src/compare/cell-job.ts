/** A run of a comparison as a job of a worker thread. Input and answer are plain data. */
import type { ScenarioFiles } from '../simulator/run/jobs.js';
import type { Scenario } from '../simulator/scenario/scenario.js';
import { OctavoError } from '../vocabulary/errors.js';
import { type CellAnswer, runCell } from './cell-run.js';
import { contenderOf } from './contenders/catalogue.js';
import { runRecording } from './recording-run.js';

/** Everything that one run depends on; it crosses to a worker thread. */
export interface CellJob {
  readonly scenario: Scenario;
  readonly contender: string;
  readonly seed: number;
  readonly files: ScenarioFiles;
  /** Path of a recording among the files, which is then judged without a model of time. */
  readonly recording?: string | undefined;
}

/** By name rather than as `import.meta.url`, since a bundle puts this module's code into a file of another name. */
export const CELL_JOB_MODULE = new URL('./cell-job.js', import.meta.url);

/**
 * Runs a cell in a worker. Bad input of a scenario is an answer of kind `none`, so that other cells go on.
 */
export async function run(job: CellJob): Promise<CellAnswer> {
  const contender = contenderOf(job.contender);
  if (contender === undefined) return { kind: 'none', why: `no policy is called ${job.contender}` };
  const { recording, files } = job;
  try {
    if (recording !== undefined) {
      const text = files.texts[recording] ?? '';
      return runRecording(job.scenario, contender, job.seed, { path: recording, text });
    }
    return { kind: 'run', run: await runCell(job.scenario, contender, job.seed, job.files) };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return { kind: 'none', why: problem.message };
  }
}
