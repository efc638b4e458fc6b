import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { underEither } from './either-signal.js';

test('work under several signals ends with the first, and leaves nothing at any of them', async () => {
  const [long, short] = [new AbortController(), new AbortController()];
  const work = underEither([long.signal, short.signal], async (signal) => {
    short.abort('enough');
    long.abort('too late');
    return [signal.aborted, signal.reason];
  });
  assert.deepEqual(await work, [true, 'enough']);
  const lasting = new AbortController().signal;
  for (let turn = 0; turn < 20; turn++) await underEither([lasting], async (signal) => signal.aborted);
  await assert.rejects(
    underEither([lasting], () => Promise.reject(new Error('bug'))),
    /bug/,
  );
  assert.equal(getEventListeners(lasting, 'abort').length, 0);
});

test('work under a signal that has aborted begins aborted', async () => {
  const state = await underEither([AbortSignal.abort('SIGTERM')], async ({ aborted, reason }) => [
    aborted,
    reason,
  ]);
  assert.deepEqual(state, [true, 'SIGTERM']);
});
