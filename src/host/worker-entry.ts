/** The other side of worker-pool.ts: loads the job's module and replies to each message with what `run` returns. */
import { parentPort, workerData } from 'node:worker_threads';
import { OctavoError } from '../vocabulary/errors.js';
import type { Reply } from './worker-pool.js';

interface Job {
  run(input: unknown): unknown;
}

// A bundle's modules are CommonJS, whose exports are those of `default`.
const job = (import(workerData.module) as Promise<Job & { readonly default?: Job }>).then(
  (loaded) => loaded.default ?? loaded,
);

async function reply(input: unknown): Promise<Reply<unknown>> {
  try {
    return { answer: await (await job).run(input) };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) return { problem };
    return { failure: { code: problem.code, facts: problem.facts } };
  }
}

const port = parentPort;
port?.on('message', async (input: unknown) => {
  port.postMessage(await reply(input));
});
