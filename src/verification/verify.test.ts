import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, mapping, PROCESS, SETTINGS, state } from '../../test/drawing.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Step, Verdict } from '../vocabulary/plan.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { verify } from './verify.js';

const PAGE = 4096;

interface Case {
  readonly action?: 'split' | 'collapse';
  readonly kind?: 'anon' | 'shmem' | 'file';
  readonly before: BlockState;
  readonly after: BlockState;
  readonly gone?: boolean;
  readonly unmapped?: boolean;
}

function judge({ action = 'split', kind = 'anon', before, after, gone, unmapped }: Case): Verdict {
  const step: Step = {
    id: 4,
    proposal: {
      process: PROCESS,
      block: FIRST_BLOCK,
      action,
      targetOrder: action === 'split' ? 0 : 9,
      policy: 'test',
      reason: '',
      gain: { returnedBytes: null, reclaimableBytes: 0, tlbReachBytes: 0 },
      cost: { durationUs: 0, lockUs: 0, copiedBytes: 0, grownBytes: 0 },
      priority: 0,
    },
    actuator: 'madvise',
    before,
    forecast: { undoneByKernel: 'unknown', why: '', keptBy: '', reversible: 'yes', irreversible: '' },
    warnings: [],
  };
  const rules = {
    mapping: mapping(1, { kind }),
    settings: SETTINGS,
    geometry: GEOMETRY_4K,
    thpDisabledByPrctl: false,
  };
  const receipt = {
    step: 4,
    actuator: 'madvise',
    tried: true,
    answer: 'ok',
    calls: [],
    durationUs: 1,
    atMs: 0,
  };
  const evidence = {
    receipt,
    rules: unmapped ? undefined : rules,
    splitsFailed: false,
    targetGone: gone ?? false,
  };
  return verify(step, before, after, evidence, GEOMETRY_4K);
}

const partial = (present: number, unmapped: number | null) => ({ ...state(`h*${present}`), unmapped });
const small = (present: number) => state(`4*${present}`);

test('a split of zero-filled pages returns what left RSS', () => {
  const verdict = judge({ before: state('H'), after: small(12) });
  assert.deepEqual(
    [verdict.outcome, verdict.residentDelta, verdict.returnedBytes],
    ['met', -500 * PAGE, 500 * PAGE],
  );
  assert.match(verdict.why, /; 500 zero-filled sub-pages went back$/);
});

test('a split of a partly unmapped folio returns what was in no RSS', () => {
  const verdict = judge({ before: partial(8, 504), after: small(8) });
  assert.deepEqual([verdict.residentDelta, verdict.returnedBytes], [0, 504 * PAGE]);
  assert.match(verdict.why, /; 504 pages that nobody mapped went back$/);
  assert.doesNotMatch(verdict.why, /zero-filled/);
});

test('both add up', () => {
  const verdict = judge({ before: partial(8, 504), after: small(5) });
  assert.equal(verdict.returnedBytes, 507 * PAGE);
  assert.match(verdict.why, /3 zero-filled sub-pages went back; 504 pages that nobody mapped went back/);
});

test('pages that are still held were not returned', () => {
  const verdict = judge({ before: partial(8, 504), after: partial(8, 504) });
  assert.deepEqual([verdict.outcome, verdict.returnedBytes], ['not-met', 0]);
});

test('where one look could not count them, only what left RSS is known', () => {
  assert.equal(judge({ before: partial(8, null), after: small(8) }).returnedBytes, 0);
  assert.equal(
    judge({ before: state('H'), after: { ...small(12), unmapped: null } }).returnedBytes,
    500 * PAGE,
  );
});

test('shared and file memory leaves RSS and returns nothing', () => {
  for (const kind of ['shmem', 'file'] as const) {
    const gone = judge({ kind, before: state('H'), after: { ...state('4*1'), level: 'none', present: 0 } });
    assert.deepEqual([gone.outcome, gone.residentDelta, gone.returnedBytes], ['met', -512 * PAGE, 0]);
    assert.match(gone.why, /nothing returned/);
    assert.equal(
      judge({ kind, action: 'collapse', before: small(9), after: state('H') }).returnedBytes,
      null,
    );
  }
});

test('a collapse takes what fills its holes', () => {
  const verdict = judge({ action: 'collapse', before: small(100), after: state('H') });
  assert.deepEqual([verdict.outcome, verdict.returnedBytes], ['met', -412 * PAGE]);
});

test('of a process or mapping that is gone nothing is known', () => {
  assert.equal(judge({ before: state('H'), after: small(12), gone: true }).returnedBytes, null);
  assert.equal(judge({ before: state('H'), after: small(12), unmapped: true }).returnedBytes, null);
});
