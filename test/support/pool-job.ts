/** A job of worker-pool.test.ts. */
import { threadId } from 'node:worker_threads';
import { OctavoError } from '../../src/vocabulary/errors.js';

export async function run(input: unknown): Promise<unknown> {
  if (input === 'coded') throw new OctavoError('STOPPED', { signal: 'SIGINT' });
  if (input === 'bug') throw new TypeError('a bug');
  if (input === 'dies') setImmediate(() => { throw new Error('the thread died'); }); // biome-ignore format: one row
  if (input === 'dies') return await new Promise(() => undefined);
  return { twice: 2 * Number(input), thread: threadId };
}
