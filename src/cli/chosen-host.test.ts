import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenHost } from './chosen-host.js';

test('the host is chosen before the command, or by the environment', () => {
  assert.deepEqual(chosenHost(['doctor'], undefined), { recording: undefined, words: ['doctor'] });
  assert.deepEqual(chosenHost(['--host', 'a', 'doctor'], 'b'), { recording: 'a', words: ['doctor'] });
  assert.deepEqual(chosenHost(['--host=a', 'doctor'], 'b'), { recording: 'a', words: ['doctor'] });
  assert.deepEqual(chosenHost(['doctor'], 'b'), { recording: 'b', words: ['doctor'] });
  assert.deepEqual(chosenHost(['doctor'], ''), { recording: undefined, words: ['doctor'] });
});

test('an option of a command is its own, and a --host without a folder is left for the scanner to refuse', () => {
  assert.deepEqual(chosenHost(['plan', '--host', 'a'], undefined).words, ['plan', '--host', 'a']);
  assert.deepEqual(chosenHost(['--host'], undefined), { recording: undefined, words: ['--host'] });
});
