import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SharedState, stopSignal } from './shared-state.js';

test('the first reason stays', () => {
  const state = new SharedState();
  assert.equal(state.reason, undefined);
  state.raise('SIGTERM');
  state.raise('SIGINT');
  assert.equal(state.reason, 'SIGTERM');
});

test('a process that holds nothing may be ended, one that holds something may not', () => {
  const state = new SharedState();
  state.hold();
  state.hold();
  assert.equal(state.holds, true);
  assert.equal(state.mayEnd(), false);
  state.release();
  assert.equal(state.mayEnd(), false);
  state.release();
  assert.equal(state.holds, false);
  assert.equal(state.mayEnd(), true);
  assert.equal(state.mayEnd(), true, 'once decided it stays so');
  state.release();
  assert.equal(state.mayEnd(), true, 'also when something is given up late');
});

/** Runs a script with `words` on a thread; returns its first message. */
function onThread(script: string, words: Int32Array): { worker: Worker; message: Promise<unknown> } {
  const shared = new URL('./shared-state.js', import.meta.url).href;
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    import('${shared}').then(({ SharedState, stopSignal }) => {
      const state = new SharedState(workerData);
      ${script}
    });`;
  const worker = new Worker(source, { eval: true, workerData: words });
  const message = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  return { worker, message };
}

test('a loop that never gives the event loop a turn sees the reason at once', async () => {
  const state = new SharedState();
  const loop = `
    const { signal } = stopSignal(state);
    let called = '';
    signal.addEventListener('abort', () => { called = String(signal.reason); });
    Atomics.store(workerData, 1, 5);
    while (!signal.aborted) {}
    parentPort.postMessage([called, signal.aborted]);`;
  const { worker, message } = onThread(loop, state.words);
  while (Atomics.load(state.words, 1) !== 5) await new Promise((resolve) => setTimeout(resolve, 1));
  state.raise('SIGHUP');
  assert.deepEqual(await message, ['SIGHUP', true]);
  await worker.terminate();
});

test('what would be set up after the end was decided is not set up any more', async () => {
  const state = new SharedState();
  assert.equal(state.mayEnd(), true);
  const { worker, message } = onThread("state.hold(); parentPort.postMessage('set up');", state.words);
  const waited = new Promise((resolve) => setTimeout(() => resolve('waits'), 300));
  assert.equal(await Promise.race([message, waited]), 'waits');
  await worker.terminate();
});

test('without a reason nothing is aborted, and notice() tells listeners once', () => {
  const state = new SharedState();
  const { signal, notice } = stopSignal(state);
  let calls = 0;
  signal.addEventListener('abort', () => calls++);
  notice();
  assert.equal(signal.aborted, false);
  state.raise('SIGINT');
  notice();
  notice();
  assert.equal(signal.aborted, true);
  assert.equal(signal.reason, 'SIGINT');
  assert.equal(calls, 1);
});
