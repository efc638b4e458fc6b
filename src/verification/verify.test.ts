import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, mapping, PROCESS, SETTINGS, state } from '../../test/support/drawing.js';
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
  assert.match(verdict.why, /; 504 pages that no process mapped went back$/);
  assert.doesNotMatch(verdict.why, /zero-filled/);
});

test('both add up', () => {
  const verdict = judge({ before: partial(8, 504), after: small(5) });
  assert.equal(verdict.returnedBytes, 507 * PAGE);
  assert.match(verdict.why, /3 zero-filled sub-pages went back; 504 pages that no process mapped went back/);
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

interface Told {
  readonly action?: 'split' | 'collapse';
  readonly order?: number;
  readonly around?: number;
  readonly before?: BlockState;
  readonly after: BlockState;
  readonly answer?: string;
  readonly tried?: boolean;
  readonly actuator?: string;
  readonly flags?: readonly string[];
  readonly splitsFailed?: boolean;
  readonly gone?: boolean;
}

/** The verdict on a step of any order, with the evidence told. */
function told(one: Told): Verdict {
  const { action = 'split', order = action === 'split' ? 0 : 9, around, before = state('H'), after } = one;
  const { answer = 'ok', tried = true, actuator = 'madvise', flags = ['rd', 'wr', 'hg'] } = one;
  const proposal = { process: PROCESS, block: FIRST_BLOCK, action, targetOrder: order };
  const step = {
    id: 4,
    proposal: around === undefined ? proposal : { ...proposal, aroundPage: around },
  } as unknown as Step;
  const receipt = { step: 4, actuator, tried, answer, calls: [], durationUs: 1, atMs: 0 };
  const rules = {
    mapping: mapping(1, { flags }),
    settings: SETTINGS,
    geometry: GEOMETRY_4K,
    thpDisabledByPrctl: false,
  };
  const { splitsFailed = false, gone = false } = one;
  return verify(step, before, after, { receipt, rules, splitsFailed, targetGone: gone }, GEOMETRY_4K);
}

const said = (one: Told) => {
  const { outcome, cause, why } = told(one);
  return [outcome, cause, why];
};
const huge = (frame: number) => ({ ...state('H'), firstFrame: frame });
const gone = { ...state('4*0'), level: 'none' as const };

test('a split is met by any order at most the one asked for, and partly by some larger folios', () => {
  const outcome = (one: Told) => told(one).outcome;
  assert.equal(outcome({ after: state('4') }), 'met');
  assert.equal(outcome({ after: state('2') }), 'partly');
  assert.equal(outcome({ after: state('2'), order: 2 }), 'met');
  assert.equal(outcome({ after: state('2'), order: 1 }), 'partly');
  assert.equal(outcome({ after: state('h*500') }), 'not-met');
  assert.equal(outcome({ after: { ...state('h*500'), present: 501 } }), 'partly');
  assert.equal(outcome({ after: state('H') }), 'not-met');
  assert.equal(outcome({ before: state('4'), after: gone }), 'met');
  assert.equal(outcome({ before: gone, after: gone }), 'not-met');
  const hidden = { ...state('4'), pagesByOrder: [] };
  assert.deepEqual(
    [outcome({ after: hidden }), outcome({ before: state('h'), after: hidden })],
    ['met', 'partly'],
  );
  const around = { around: 5, order: 2 };
  assert.equal(outcome({ ...around, after: state('2*4') }), 'met');
  assert.equal(outcome({ ...around, after: state('8') }), 'partly');
  assert.equal(
    outcome({ ...around, after: state('4') }),
    'partly',
    'around the page is no folio of that order',
  );
  const rest = state('2*4').pagesByOrder.map((pages, order) => (order === 8 ? 256 : pages));
  assert.equal(
    outcome({ ...around, after: { ...state('2*4'), pagesByOrder: rest } }),
    'met',
    'the rest is larger',
  );
});

test('a collapse to PMD order needs a PMD entry, and to a smaller one pages of that order', () => {
  const outcome = (one: Told) => told({ action: 'collapse', before: state('4'), ...one }).outcome;
  assert.deepEqual([outcome({ after: state('H') }), outcome({ after: state('h') })], ['met', 'not-met']);
  assert.deepEqual(
    [outcome({ order: 4, after: state('4') }), outcome({ order: 2, after: state('2') })],
    ['not-met', 'met'],
  );
  assert.equal(outcome({ order: 2, after: { ...state('2*8'), present: 9 } }), 'partly');
  assert.equal(outcome({ order: 4, after: { ...state('4'), pagesByOrder: [] } }), 'not-met');
});

test('what became of a step, in words', () => {
  assert.deepEqual(said({ after: state('4'), tried: false, answer: 'so already' }), [
    'met',
    'none',
    'it was so already',
  ]);
  assert.deepEqual(said({ action: 'collapse', before: state('4'), after: state('H') }), [
    'met',
    'none',
    'mapped as order 9 now',
  ]);
  assert.deepEqual(said({ after: state('4') }), ['met', 'none', 'split to order 0, on the frames it had']);
  assert.deepEqual(said({ after: { ...state('4'), firstFrame: 7 } }), ['met', 'none', 'split to order 0']);
  const unknown = { ...state('H'), firstFrame: null };
  assert.deepEqual(said({ before: unknown, after: { ...state('4'), firstFrame: null } }), [
    'met',
    'none',
    'split to order 0',
  ]);
  assert.match(String(said({ after: state('4*511') })[2]), /; 1 zero-filled sub-pages went back$/);
  const partly = { ...state('h*8'), unmapped: 1 };
  assert.match(
    String(said({ before: partly, after: state('4*8') })[2]),
    /; 1 pages that no process mapped went back$/,
  );
  for (const unmapped of [null, 0])
    assert.doesNotMatch(
      String(said({ before: { ...state('h*8'), unmapped }, after: state('4*8') })[2]),
      /nobody/,
    );
});

test('why a split was not met, the likeliest first', () => {
  const after = state('H');
  const shared = { ...after, flags: [...after.flags, 'shared' as const] };
  const causes = (one: Partial<Told>) => told({ after, ...one }).cause;
  assert.equal(causes({ gone: true }), 'target-gone');
  assert.equal(causes({ answer: 'ESRCH' }), 'target-gone');
  assert.equal(causes({ tried: false, answer: 'pressure' }), 'not-tried');
  assert.match(told({ after, tried: false, answer: 'pressure' }).why, /^not tried: pressure$/);
  assert.equal(causes({ after: { ...after, present: 0 } }), 'unmapped-since');
  assert.deepEqual(told({ after: { ...after, present: 0 } }).by, { who: 'process' });
  assert.equal(causes({ after: huge(7 * 512) }), 'remapped');
  assert.deepEqual(told({ after: huge(7 * 512) }).by, { who: 'process' });
  assert.equal(causes({ before: { ...after, firstFrame: null }, after: huge(7 * 512) }), 'unknown');
  assert.equal(causes({ after: { ...after, firstFrame: null } }), 'unknown');
  assert.equal(causes({ before: state('h'), after: { ...state('h'), firstFrame: 7 } }), 'unknown');
  assert.equal(causes({ flags: ['lo'] }), 'mlocked');
  assert.equal(causes({ flags: ['lo'], actuator: 'debugfs' }), 'unknown');
  assert.equal(causes({ splitsFailed: true }), 'pinned');
  assert.equal(causes({ after: shared }), 'shared');
  assert.equal(causes({ after: shared, actuator: 'damos' }), 'unknown');
  assert.equal(causes({ answer: 'EINVAL' }), 'refused-by-kernel');
  assert.match(told({ after, answer: 'EINVAL' }).why, /answered EINVAL/);
  assert.match(told({ after }).why, /said yes/);
  assert.equal(causes({ before: { ...after, present: 0 }, after: { ...after, present: 0 } }), 'unknown');
});

test('why a collapse was not met: its obstacle, what the kernel answered, or nothing that is known', () => {
  const cause = (one: Partial<Told>) =>
    told({ action: 'collapse', before: state('4'), after: state('4'), ...one }).cause;
  assert.equal(cause({ flags: ['nh'] }), 'nohugepage');
  assert.equal(cause({ after: { ...state('4'), flags: [] } }), 'mapping-too-small');
  assert.equal(cause({ flags: ['io'] }), 'refused-by-kernel');
  assert.equal(cause({ answer: 'ENOMEM' }), 'no-free-block');
  assert.equal(cause({ answer: 'EBUSY' }), 'memory-limit');
  assert.equal(cause({ answer: 'EAGAIN' }), 'pinned');
  assert.equal(cause({ answer: 'EPERM' }), 'refused-by-kernel');
  assert.equal(cause({ answer: 'EINVAL' }), 'refused-by-kernel');
  assert.equal(cause({}), 'unknown');
  assert.equal(cause({ after: { ...state('4'), firstFrame: 9 } }), 'unknown');
  const empty = { ...state('4*0'), level: 'none' as const };
  assert.equal(cause({ before: empty, after: empty }), 'nothing-mapped');
});

test('unmapped pages count as returned only where both looks counted them', () => {
  const mapped = (unmapped: number | null, present: number): BlockState => ({
    ...state(`h*${present}`),
    unmapped,
  });
  for (const [before, after, pages] of [[9, 4, 17], [null, 4, 12], [9, null, 12], [null, null, 12]] as const) // biome-ignore format: rows
    assert.equal(
      judge({ before: mapped(before, 20), after: mapped(after, 8) }).returnedBytes,
      pages * PAGE,
      `${before} ${after}`,
    );
});

test('a split that leaves one PMD entry is not met, whatever its orders say', () => {
  for (const pagesByOrder of [[], [512], state('H').pagesByOrder])
    assert.equal(judge({ before: state('H'), after: { ...state('H'), pagesByOrder } }).outcome, 'not-met');
});
