import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PLAIN } from './print/terminal-text.js';
import { Progress } from './progress.js';

function drawn(interactive = true, width = 40) {
  let text = '';
  let now = 0;
  const clock = { monotonicNs: () => now, wallMs: () => 0, sleep: async () => undefined };
  const err = {
    write(piece: string) {
      text += piece;
    },
  };
  const pass = (ms: number) => {
    now += ms * 1e6;
  };
  const progress = new Progress({ err, interactive, errStyle: { ...PLAIN, width } }, clock);
  return { progress, text: () => text, pass };
}

test('progress is one line, drawn over at most ten times a second', () => {
  const { progress, text, pass } = drawn();
  progress.show('looking', 1, 4, 'processes');
  progress.show('looking', 2, 4, 'processes');
  pass(100);
  progress.show('looking', 3, 4, 'processes');
  const clear = '\r\u001b[2K';
  assert.equal(text(), `${clear}looking: 25 % (1 of 4 processes)${clear}looking: 75 % (3 of 4 processes)`);
  progress.clear();
  progress.clear();
  assert.ok(text().endsWith(`processes)${clear}`), 'cleared once');
});

test('progress without a known end has no share', () => {
  const { progress, text } = drawn();
  progress.show('reading', 5, 0, 'batches');
  assert.match(text(), /reading: \(5 batches\)/);
});

test('progress never wraps, and a pipe gets none', () => {
  const { progress, text } = drawn(true, 40);
  progress.show('reading a source with quite a long name', 5, 10, 'batches');
  assert.equal(text().length, 39 + '\r\u001b[2K'.length);
  const pipe = drawn(false);
  pipe.progress.show('x', 1, 2, 'y');
  pipe.progress.clear();
  assert.equal(pipe.text(), '');
});
