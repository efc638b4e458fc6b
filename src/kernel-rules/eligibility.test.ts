import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, mapping, SETTINGS, state } from '../../test/support/drawing.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { collapseObstacles, explainBlock, khugepagedObstacles } from './eligibility.js';
import type { BlockCase } from './obstacle.js';
import { enabledOrders } from './setting-rules.js';

function given(block: string, drawn: Drawn = {}, more: Partial<BlockCase> = {}): BlockCase {
  return {
    mapping: mapping(1, drawn),
    state: state(block, drawn),
    settings: SETTINGS,
    geometry: GEOMETRY_4K,
    thpDisabledByPrctl: false,
    ...more,
  };
}

const codes = (found: readonly { code: string }[]) => found.map(({ code }) => code);

test('an advised, mapped block has nothing against it', () => {
  assert.deepEqual(codes(khugepagedObstacles(given('4'))), []);
  assert.deepEqual(codes(collapseObstacles(given('4'))), []);
});

test('each obstacle is found, and MADV_COLLAPSE ignores settings, holes and sharing as the kernel does', () => {
  const khugepaged = (changes: object) => ({
    settings: { ...SETTINGS, khugepaged: { ...SETTINGS.khugepaged, ...changes } },
  });
  const cases: [BlockCase, string[], string[]][] = [
    [given('4', { flags: ['wr'] }), ['setting'], []],
    [given('4', { flags: ['hg', 'nh'] }), ['nohugepage'], ['nohugepage']],
    [given('4*10', {}, khugepaged({ maxPtesNone: 0 })), ['too-many-holes'], []],
    [given('4', { shared: [0] }, khugepaged({ maxPtesShared: 0 })), ['shared-pages'], []],
    [given('4', {}, { thpDisabledByPrctl: true }), ['thp-disabled'], ['thp-disabled']],
    [given('4', {}, { settings: { ...SETTINGS, enabled: 'never' } }), ['setting'], []],
    [given('4', {}, { state: { ...state('4'), flags: [] } }), ['mapping-too-small'], ['mapping-too-small']],
    [given('4*0'), ['nothing-mapped', 'too-many-holes'], ['nothing-mapped']],
  ];
  for (const [block, byKhugepaged, byCollapse] of cases) {
    assert.deepEqual(codes(khugepagedObstacles(block)), byKhugepaged);
    assert.deepEqual(codes(collapseObstacles(block)), byCollapse);
  }
});

test('enabled orders follow the sizes, the top level and the advice', () => {
  const advised = mapping(1, { flags: ['hg'] });
  const plain = mapping(1, { flags: [] });
  const sizes = [
    { order: 2, enabled: 'always' as const },
    { order: 4, enabled: 'madvise' as const },
    { order: 9, enabled: 'inherit' as const },
  ];
  assert.deepEqual(enabledOrders({ ...SETTINGS, sizes }, advised), [2, 4, 9]);
  assert.deepEqual(enabledOrders({ ...SETTINGS, sizes }, plain), [2]);
  assert.deepEqual(enabledOrders({ ...SETTINGS, sizes, enabled: 'always' }, plain), [2, 9]);
  assert.deepEqual(enabledOrders({ ...SETTINGS, sizes, enabled: 'never' }, advised), [2, 4]);
});

test('an explanation says what it is, what stands against it and what a collapse would fill', () => {
  assert.match(explainBlock(given('H'))[0], /huge page already/);
  assert.match(explainBlock(given('h')).join(), /mapped page by page/);
  assert.match(explainBlock(given('4*500')).join(), /filling 12 holes with 48 kB/);
  assert.match(explainBlock(given('4', { flags: ['nh'] })).join(), /MADV_COLLAPSE fails/);
});
