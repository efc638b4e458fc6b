/** The other side of worker-pool.ts: loads the job's module and answers each message with what `run` says. */
import { parentPort, workerData } from 'node:worker_threads';
import { OctavoError } from '../vocabulary/errors.js';
import type { Reply } from './worker-pool.js';

const { run } = (await import(workerData.module)) as { run(input: unknown): unknown };

async function reply(input: unknown): Promise<Reply<unknown>> {
  try {
    return { answer: await run(input) };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) return { problem };
    return { failure: { code: problem.code, facts: problem.facts } };
  }
}

parentPort?.on('message', async (input: unknown) => {
  parentPort?.postMessage(await reply(input));
});
