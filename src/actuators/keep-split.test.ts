import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockState } from '../vocabulary/page-sizes.js';
import { generationSince } from './keep-split.js';

const state = (level: BlockState['level'], firstFrame: number | null, present = 512): BlockState => ({
  ...{
    block: 1,
    level,
    present,
    zeroMapped: 0,
    swapped: 0,
    unmapped: 0,
    firstFrame,
    pagesByOrder: [],
    flags: [],
  },
});

test('the generation mark tells a split, a re-collapse and a move apart', () => {
  const cases: [BlockState, BlockState, string][] = [
    [state('pmd', 512), state('pte', 512), 'split'],
    [state('pte', 512), state('pmd', 1024), 'collapsed-again'],
    [state('pmd', 512), state('pmd', 1024), 'collapsed-again'],
    [state('pmd', 512), state('pmd', 512), 'same'],
    [state('pte', 7), state('pte', 7), 'same'],
    [state('pte', 7), state('pte', 9), 'moved'],
    [state('pte', 512), state('pmd', 512), 'same'],
    [state('pmd', 512), state('none', null, 0), 'gone'],
  ];
  for (const [before, after, expected] of cases) assert.equal(generationSince(before, after), expected);
});
