/**
 * Jobs on worker threads. A job is a module that exports `run(input)`; inputs and answers are plain data. With one
 * thread everything runs here, one job after the other.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorFacts, OctavoError } from '../vocabulary/errors.js';

export interface JobModule<Input, Output> {
  /** URL of the module. */
  readonly url: URL;
  /** Never used; carries the types. */
  readonly types?: (input: Input) => Output;
}

/** Room for short-lived objects: the default makes threads collect garbage, with helpers on all CPUs, 20 times a second. */
const YOUNG_MIB = 192;

/** With a thread on each CPU there is none left to compile on: threads that do it themselves do not wait for one. */
const COMPILE_IN_PLACE = '--no-concurrent-recompilation';

/** Runs all inputs, at most `threads` at a time; answers in the order of the inputs. */
export async function runJobs<Input, Output>(
  module: JobModule<Input, Output>,
  inputs: readonly Input[],
  threads: number = availableParallelism(),
  finished: (done: number, total: number) => void = () => undefined,
): Promise<Output[]> {
  if (Math.min(threads, inputs.length) > 1) setFlagsFromString(COMPILE_IN_PLACE);
  const answers: Output[] = new Array(inputs.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./worker-entry.js', import.meta.url), {
      workerData: { module: module.url.href },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
    });
    try {
      while (next < inputs.length) {
        const index = next++;
        answers[index] = await ask<Input, Output>(worker, inputs[index]);
        finished(++done, inputs.length);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, inputs.length) }, work));
  return answers;
}

/** A coded failure crosses threads as its code and facts, since errors lose their class on the way. */
export type Reply<Output> =
  | { readonly answer: Output }
  | { readonly failure: { readonly code: ErrorCode; readonly facts: ErrorFacts } }
  | { readonly problem: unknown };

function ask<Input, Output>(worker: Worker, input: Input): Promise<Output> {
  return new Promise((resolve, reject) => {
    const settle = (reply: Reply<Output>) => {
      worker.off('error', reject);
      if ('problem' in reply) reject(reply.problem);
      else if ('failure' in reply) reject(new OctavoError(reply.failure.code, reply.failure.facts));
      else resolve(reply.answer);
    };
    worker.once('message', settle);
    worker.once('error', reject);
    worker.postMessage(input);
  });
}
