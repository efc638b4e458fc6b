import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Tables, tablesHost } from '../../test/support/frame-tables.js';
import { OctavoError } from '../vocabulary/errors.js';
import { FrameWords } from './frame-words.js';

const PATH = '/proc/kpagecount';

function opened(more: Partial<Tables> = {}) {
  const counts = new Map(Array.from({ length: 4096 }, (_, frame) => [frame, frame + 1]));
  const tables = { mappings: [], entries: new Map(), folios: new Map(), counts, ...more };
  const told = tablesHost(tables);
  return { words: new FrameWords(told.host, PATH, 512), ...told };
}

test('words of frames are read a window at a time, once', () => {
  const { words, reads, closed } = opened();
  const low = (first: number, frames: number) =>
    [...(words.at(first, frames) ?? [])].filter((_, at) => at % 2 === 0);
  assert.deepEqual(low(1024, 4), [1025, 1026, 1027, 1028]);
  assert.deepEqual(low(1530, 6), [1531, 1532, 1533, 1534, 1535, 1536]);
  assert.deepEqual(low(0, 1), [1]);
  assert.deepEqual(reads, [`${PATH} ${1024 * 8} 4096`, `${PATH} 0 4096`]);
  words.close();
  assert.deepEqual(closed, [PATH]);
});

test('what the file does not hold is undefined, to the frame', () => {
  const { words } = opened({ ends: { [PATH]: 600 * 8 + 4 } });
  assert.equal(words.at(512, 88)?.length, 176);
  assert.equal(words.at(512, 89), undefined);
  assert.equal(opened({ refused: { [`read ${PATH}`]: 'EIO' } }).words.at(0, 1), undefined);
  const hidden = opened({ refused: { [PATH]: 'EACCES' } }).words;
  assert.equal(hidden.at(0, 1), undefined);
  hidden.close();
});

test('a recording of before has no words, whether it lacks the file or what is in it', () => {
  const lacking = () => {
    throw new OctavoError('RECORDING_LACKS', { folder: '/r', call: PATH });
  };
  const { host } = opened();
  const closed = new FrameWords({ ...host, files: { ...host.files, open: lacking } }, PATH, 512);
  assert.equal(closed.at(0, 1), undefined);
  closed.close();
  const file = { path: PATH, read: lacking, close: () => undefined };
  const empty = new FrameWords(
    { ...host, files: { ...host.files, open: () => ({ ok: true, value: file }) } },
    PATH,
    512,
  );
  assert.equal(empty.at(0, 1), undefined);
});
