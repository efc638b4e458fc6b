import assert from 'node:assert/strict';
import { test } from 'node:test';
import { threadId } from 'node:worker_threads';
import { type JobModule, runJobs } from './worker-pool.js';

interface Answer {
  readonly twice: number;
  readonly thread: number;
}

const JOB: JobModule<number | string, Answer> = {
  url: new URL('../../test/support/pool-job.js', import.meta.url),
};

test('answers come in the order of the inputs, with what is done told one by one', async () => {
  const told: string[] = [];
  const answers = await runJobs(JOB, [5, 1, 9, 4], 2, (done, total) => void told.push(`${done}/${total}`));
  assert.deepEqual(
    answers.map(({ twice }) => twice),
    [10, 2, 18, 8],
  );
  assert.deepEqual(told, ['1/4', '2/4', '3/4', '4/4']);
  const threads = new Set(answers.map(({ thread }) => thread));
  assert.ok(
    threads.size <= 2 && !threads.has(threadId),
    'as many threads as were asked for, none of them this one',
  );
});

test('no more threads begin than there are inputs', async () => {
  assert.deepEqual(await runJobs(JOB, [], 3), []);
  assert.deepEqual(
    (await runJobs(JOB, [7], 3)).map(({ twice }) => twice),
    [14],
  );
  assert.equal((await runJobs(JOB, [1, 2])).length, 2);
});

test('a coded failure keeps its code and facts on the way between threads', async () => {
  await assert.rejects(runJobs(JOB, [1, 'coded'], 1), {
    name: 'OctavoError',
    code: 'STOPPED',
    facts: { signal: 'SIGINT' },
  });
});

test('a bug of a job is the bug of whoever asked', async () => {
  await assert.rejects(runJobs(JOB, ['bug', 1], 1), { name: 'TypeError', message: 'a bug' });
});

test('a thread that dies is a failure, not a wait without end', { timeout: 20_000 }, async () => {
  await assert.rejects(runJobs(JOB, ['dies'], 1), /the thread died/);
});
