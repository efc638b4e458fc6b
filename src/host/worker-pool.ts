/**
 * Jobs on worker threads. A job is a module that exports `run(input)`; inputs and results are plain data. With one
 * thread everything runs here, one job after the other.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, type ErrorFacts, OctavoError } from '../vocabulary/errors.js';

/** A module whose `run` does jobs. */
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

/** Told of each answer as it comes: how many there are now, of how many, and which it is. */
export type Finished<Output> = (done: number, total: number, answer: Output, index: number) => void;

/** CPUs that this process may use. */
export const PROCESSORS: number = availableParallelism();

/**
 * Runs all inputs, at most `threads` at a time; returns results in the order of the inputs. Once `signal` is aborted all
 * threads end where they are, and STOPPED is thrown.
 */
export async function runJobs<Input, Output>(
  module: JobModule<Input, Output>,
  inputs: readonly Input[],
  threads: number = PROCESSORS,
  finished: Finished<Output> = () => undefined,
  signal?: AbortSignal,
): Promise<Output[]> {
  const stopped = stopOf(signal);
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
        const answer = await Promise.race([ask<Input, Output>(worker, inputs[index]), stopped]);
        answers[index] = answer;
        finished(++done, inputs.length, answer, index);
      }
    } finally {
      const ended = worker.terminate();
      // Who asked for a stop does not wait for threads: they end with the process.
      if (signal?.aborted !== true) await ended;
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, inputs.length) }, work));
  return answers;
}

/** Fails once the signal is aborted; never ends without one. */
function stopOf(signal: AbortSignal | undefined): Promise<never> {
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => reject(new OctavoError('STOPPED', { signal: String(signal?.reason) }));
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop);
  });
  // Between two jobs its end is not waited for.
  stopped.catch(() => undefined);
  return stopped;
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
