import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, FIRST_BLOCK, mapping, PROCESS, SETTINGS, state } from '../../test/support/drawing.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Forecast, Proposal } from '../vocabulary/plan.js';
import type { ThpSettings } from '../vocabulary/thp-settings.js';
import { GEOMETRY_4K, MIB, pageGeometry } from '../vocabulary/units.js';
import { forecast } from './forecast.js';

const PAGE = 4096;

interface Case {
  readonly block?: string;
  readonly drawn?: Drawn;
  readonly action?: Proposal['action'];
  readonly returned?: number | null;
  readonly copied?: number;
  readonly settings?: ThpSettings;
  readonly clearsReferences?: boolean;
  readonly cameBackShare?: number;
  readonly before?: Partial<BlockState>;
  readonly geometry?: typeof GEOMETRY_4K;
}

function of(given: Case): Forecast {
  const action = given.action ?? 'split';
  const proposal: Proposal = {
    process: PROCESS,
    block: FIRST_BLOCK,
    action,
    targetOrder: action === 'split' ? 0 : 9,
    policy: 'test',
    reason: '',
    gain: {
      returnedBytes: given.returned === undefined ? 0 : given.returned,
      reclaimableBytes: 0,
      tlbReachBytes: 0,
    },
    cost: { durationUs: 0, lockUs: 0, copiedBytes: given.copied ?? 0, grownBytes: 0 },
    priority: 0,
  };
  return forecast({
    mapping: mapping(1, given.drawn),
    settings: given.settings ?? SETTINGS,
    geometry: given.geometry ?? GEOMETRY_4K,
    thpDisabledByPrctl: false,
    before: { ...state(given.block ?? 'H', given.drawn), ...given.before },
    proposal,
    clearsReferences: given.clearsReferences ?? true,
    cameBackShare: given.cameBackShare,
  });
}

const khugepaged = (maxPtesNone: number): ThpSettings => ({
  ...SETTINGS,
  khugepaged: { ...SETTINGS.khugepaged, maxPtesNone },
});

test('a split of a full block can be taken back, one that returns zeroes in part, and says what becomes of them', () => {
  const full = of({ returned: 0 });
  assert.deepEqual([full.reversible, full.returned], ['yes', undefined]);
  assert.equal(full.irreversible, 'undo collapses it again by a copy; the frames are others');
  const empty = of({ returned: 500 * PAGE });
  assert.equal(empty.reversible, 'partly');
  assert.match(empty.irreversible, /takes the returned zeroes back/);
  assert.match(empty.returned ?? '', /come back one by one .*\(how many is not known\)/);
  const learned = of({ returned: 500 * PAGE, cameBackShare: 0.934 });
  assert.match(learned.returned ?? '', /\(93 % of what earlier splits returned came back\)/);
});

test('what a split returns of a block that was not read is unknown, and so is what undo takes', () => {
  const unread = of({ returned: null });
  assert.equal(unread.reversible, 'partly');
  assert.match(unread.irreversible, /takes back what zeroes the split returned/);
  assert.match(unread.returned ?? '', /come back one by one/);
});

test('pages that nobody maps stay returned, and such a split is not taken back', () => {
  const partial = of({ block: 'h*8', drawn: { unmapped: { 0: 504 } }, returned: 504 * PAGE });
  assert.equal(partial.reversible, 'no');
  assert.match(partial.irreversible, /leaves it as it is/);
  assert.equal(partial.returned, 'stays returned: no address leads to pages that no process maps');
  const both = of({ block: 'h*8', drawn: { unmapped: { 0: 504 } }, returned: 507 * PAGE });
  assert.match(
    both.returned ?? '',
    /zero-filled pages come back .*; pages that no process maps stay returned/,
  );
});

test('a huge block has no unmapped pages, whatever its row was told', () => {
  const huge = of({ before: { unmapped: 7 }, returned: 7 * PAGE });
  assert.deepEqual([huge.reversible, /stay returned/.test(huge.returned ?? '')], ['partly', false]);
});

test('a split of shared or file memory returns nothing, lasts as its file system wants, and can be taken back', () => {
  for (const kind of ['shmem', 'file'] as const) {
    const cache = of({ drawn: { kind }, returned: 0 });
    assert.deepEqual([cache.undoneByKernel, cache.reversible], ['unknown', 'yes']);
    assert.match(cache.returned ?? '', /^nothing: .*page cache/);
    assert.match(cache.why, /maps its pages again one by one/);
  }
});

test('a split lasts by a rule, and not by holes that a touch fills', () => {
  const forbidden = of({ drawn: { flags: ['nh'] }, returned: 500 * PAGE });
  assert.deepEqual([forbidden.undoneByKernel, forbidden.keptBy], ['no', 'nothing more is needed']);
  assert.match(forbidden.why, /khugepaged leaves it alone: the mapping is marked MADV_NOHUGEPAGE/);
  const holes = of({ returned: 500 * PAGE, settings: khugepaged(0) });
  assert.equal(holes.undoneByKernel, 'if-touched');
  assert.match(
    holes.why,
    /while 500 sub-pages are holes or zero pages, .* a touch of more sub-pages ends that/,
  );
  const both = of({ drawn: { flags: ['nh'] }, returned: 500 * PAGE, settings: khugepaged(0) });
  assert.equal(both.undoneByKernel, 'no');
});

test('zeroes count as holes afterwards, pages that nobody maps never were any', () => {
  const block = { block: 'h*8', drawn: { unmapped: { 0: 400 } }, settings: khugepaged(511) };
  assert.equal(of({ ...block, returned: 403 * PAGE }).undoneByKernel, 'if-touched');
  const said = of({ ...block, returned: 403 * PAGE, settings: khugepaged(506) }).why;
  assert.match(said, /507 sub-pages are holes/);
  assert.doesNotMatch(of({ ...block, returned: 400 * PAGE, settings: khugepaged(504) }).why, /holes/);
});

test('without cleared references khugepaged may take the pieces on its next scan', () => {
  const left = of({ clearsReferences: false });
  assert.deepEqual([left.undoneByKernel, /inherit the references/.test(left.why)], ['likely', true]);
  assert.match(left.keptBy, /hugepages-2048kB\/enabled=never/);
  assert.equal(of({}).undoneByKernel, 'if-touched');
});

test('what keeps a split names the PMD size by its kilobytes only where it is 2 MiB', () => {
  const settings: ThpSettings = { ...SETTINGS, sizes: [{ order: 13, enabled: 'inherit' }] };
  const wide = of({
    geometry: pageGeometry(65536, 512 * MIB),
    settings: { ...settings, khugepaged: { ...SETTINGS.khugepaged, maxPtesNone: 8191 } },
  });
  assert.doesNotMatch(wide.keptBy, /2048kB/);
  assert.match(wide.keptBy, /enabled=never/);
});

test('a collapse loses sharing only where private pages that others map are copied', () => {
  const lost = (drawn: Drawn, copied: number) =>
    /sharing with other processes/.test(of({ action: 'collapse', block: '4', drawn, copied }).irreversible);
  assert.equal(lost({ shared: [0] }, 512 * PAGE), true);
  assert.equal(lost({ shared: [0] }, 0), false);
  assert.equal(lost({}, 512 * PAGE), false);
  assert.equal(lost({ shared: [0], kind: 'shmem' }, 512 * PAGE), false);
});

test('a collapse fills holes of private memory, loses folio orders in between, and always the frames', () => {
  const text = (block: string, drawn: Drawn = {}) => of({ action: 'collapse', block, drawn }).irreversible;
  assert.match(text('4'), /^undo splits it to base pages; it cannot give back the frames it had$/);
  assert.match(text('4*500'), /and returns filled holes that stayed zero/);
  assert.doesNotMatch(text('4*500', { kind: 'shmem' }), /filled holes/);
  assert.match(text('2'), /nor the frames it had|folio orders it had between base pages and PMD size, nor/);
  assert.doesNotMatch(text('h'), /folio orders/);
  assert.doesNotMatch(text('4'), /folio orders/);
  const made = of({ action: 'collapse', block: '4' });
  assert.deepEqual([made.undoneByKernel, made.reversible], ['no', 'partly']);
});

test('unmapped pages that were not counted are none that are known', () => {
  const block = { block: 'h', before: { unmapped: null } };
  const some = of({ ...block, returned: PAGE });
  assert.deepEqual([some.reversible, /stay returned/.test(some.returned ?? '')], ['partly', false]);
  assert.match(of({ ...block, returned: 500 * PAGE, settings: khugepaged(499) }).why, /while 500 sub-pages/);
  assert.match(of({ block: '4*511', action: 'collapse' }).irreversible, /filled holes/);
});
