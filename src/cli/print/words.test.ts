/** Words of inspect, of costs, of the journal, and how lines are broken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../../test/support/drawing.js';
import type { Applied } from '../../cycle/apply-plan.js';
import type { CensusTotals } from '../../verification/census.js';
import type { Cost, Plan, Receipt, Verdict } from '../../vocabulary/plan.js';
import { MIB } from '../../vocabulary/units.js';
import { showMappings, showProcesses, showTotals } from './census.js';
import { accuracyNotes, showCost, showPace, showTotalCost, showWork } from './costs.js';
import {
  damagedDocuments,
  showDamaged,
  showDropped,
  showFailure,
  showUndoneBy,
  undoneNotes,
} from './journal.js';
import { layOut } from './terminal-text.js';
import { widthOf, wrap, wrapLine } from './wrap.js';

/** As a reader sees it, without the marks of tables. */
const seen = (text: string) => layOut(text, { width: Number.POSITIVE_INFINITY, ascii: false, colour: false }).split('\n').map((line) => line.trimEnd()); // biome-ignore format: one row

const NOTHING = {
  ...{
    residentBytes: 0,
    pmdMappedBytes: 0,
    pteMappedBytes: 0,
    holeBytes: 0,
    zeroMappedBytes: 0,
    swappedBytes: 0,
  },
  ...{
    hugeBlocks: 0,
    smallBlocks: 0,
    pteMappedHugeBlocks: 0,
    sharedBlocks: 0,
    unmappedBytes: 0,
    unmappedUnknownBlocks: 0,
  },
  ...{ bytesByOrder: [], bytesOfUnknownOrder: 0, bytesByKind: {} },
} as unknown as CensusTotals;
const totals = (more: object) => ({ ...NOTHING, ...more }) as CensusTotals;
const SIZES = pageSizes(['H', '4']);

test('a census says nothing where nothing is', () => {
  const lines = seen(showTotals(SIZES, NOTHING));
  assert.equal(lines.length, 7);
  assert.match(lines[0], /^resident +0 B \(nothing\)$/);
  assert.match(lines[1], /^by folio order +nothing$/);
  assert.match(lines[6], /^held, mapped by no process +0 B \(not in RSS\)$/);
});

test('a census says each kind and order that is there, and what cannot be seen', () => {
  const all = totals({ residentBytes: 3 * MIB, bytesByKind: { anon: 2 * MIB, file: MIB, shmem: 0 }, bytesByOrder: [4096, 0, 16_384], bytesOfUnknownOrder: 8192, hugeBlocks: 1, smallBlocks: 2, pteMappedHugeBlocks: 1, sharedBlocks: 3, unmappedBytes: MIB, unmappedUnknownBlocks: 1 }); // biome-ignore format: one row
  const text = seen(showTotals(SIZES, all)).join('\n');
  for (const words of [/resident +3 MiB \(anon 2 MiB, file 1 MiB\)/, /4 KiB in .+ folios, 16 KiB in .+ folios, 8 KiB in folios of unknown order/, /\(1 huge block\)/, /\(2 whole blocks;/, /huge, but PTE-mapped +1 block$/m, /held, mapped by no process +1 MiB \(not in RSS\), unknown for 1 block, whose frames/, /shared +3 blocks/]) // biome-ignore format: a list
    assert.match(text, words);
  assert.match(
    seen(showTotals(SIZES, totals({ unmappedUnknownBlocks: 2 }))).join('\n'),
    /mapped by no process +unknown for 2 blocks, whose frames cannot be seen/,
  );
});

test('several processes come the largest first, with what nobody maps, or that it is unknown', () => {
  const small = { sizes: SIZES, totals: totals({ residentBytes: MIB, unmappedBytes: 4096 }) };
  const large = {
    sizes: { ...SIZES, process: { ...SIZES.process, pid: 9, cgroup: '/x' } },
    totals: totals({ residentBytes: 5 * MIB, unmappedUnknownBlocks: 1 }),
  };
  const lines = seen(showProcesses([small, large]));
  assert.match(lines[0], /^ *pid +command +resident +huge +small +holes +swapped +held +cgroup$/);
  assert.match(lines[1], /^ *9 .* 5 MiB .* unknown +\/x$/);
  assert.match(lines[2], / 1 MiB .* 4 KiB/);
  assert.equal(lines[3], 'held: by huge pages, but mapped by no process, and so in no RSS');
});

test('the largest mappings are shown, and how many are not', () => {
  const mapping = SIZES.mappings[0];
  const sizes = { ...SIZES, mappings: [mapping, { ...mapping, name: '', flags: ['rd', 'hg', 'lo'] }] };
  const byMapping = new Map([[0, totals({ residentBytes: 1 })], [1, totals({ residentBytes: 2 })]]); // biome-ignore format: rows
  const all = seen(showMappings(sizes, byMapping, 2));
  assert.equal(all.length, 3);
  assert.match(all[1], / hg lo +-$/);
  const one = seen(showMappings(sizes, byMapping, 1));
  assert.deepEqual([one.length, one.at(-1)], [3, '(1 smaller mappings not shown; --mappings N shows more)']);
});

const measured = { lowUs: 500, highUs: 2000 };
const cost = (durationUs: number, more: object = {}) =>
  ({ durationUs, lockUs: durationUs / 2, ...more }) as unknown as Cost;
const plan = (costs: readonly Cost[], lockUsPerSecond = 100_000) =>
  ({
    steps: costs.map((each, id) => ({ id, proposal: { cost: each } })),
    budgets: { lockUsPerSecond },
  }) as unknown as Plan;

test('a cost is what was measured, with its spread, or is said to be assumed', () => {
  assert.deepEqual(
    [showCost(cost(1000, { measured })), showCost(cost(790))],
    ['1.0 ms (500 µs to 2.0 ms)', '790 µs assumed'],
  );
  assert.match(showTotalCost(plan([cost(1000), cost(1000)])), /^2\.0 ms expected \(assumed: nothing like it/);
  assert.equal(
    showTotalCost(plan([cost(1000, { measured }), cost(1000, { measured })])),
    '2.0 ms expected (1.0 ms to 4.0 ms by what this host took before)',
  );
  assert.equal(
    showTotalCost(plan([cost(1000, { measured }), cost(1000)])),
    '2.0 ms expected (1.5 ms to 3.0 ms by what this host took before, 1 of 2 steps assumed)',
  );
});

test('the pace follows the share of a second in which locks may be held', () => {
  assert.equal(
    showPace(plan([cost(2000), cost(2000)])),
    'about 20.0 ms with the target’s locks held for 10 % of any second at most',
  );
  assert.equal(showPace(plan([cost(2000)], 0)), 'about 1.0 ms without a pace (--lock-share 0)');
  assert.match(showPace(plan([cost(2000)], 1234)), /for 0\.123 % of any second/);
});

const receipt = (step: number, durationUs: number, tried = true) =>
  ({ step, durationUs, tried }) as unknown as Receipt;

test('work is told of the steps that were tried', () => {
  const made = plan([cost(1000), cost(4000)]);
  assert.equal(
    showWork(made, [receipt(0, 1500), receipt(1, 9, false)]),
    'Work: 1.5 ms measured, 1.0 ms expected (1.50 times as long as expected)',
  );
  assert.equal(
    showWork(made, [receipt(0, 10_000), receipt(1, 40_000)]),
    'Work: 50.0 ms measured, 5.0 ms expected (10 times as long as expected)',
  );
  assert.deepEqual(
    [showWork(made, []), showWork(made, [receipt(0, 0)]), showWork(made, [receipt(0, 5, false)])],
    [undefined, undefined, undefined],
  );
  assert.equal(showWork(plan([cost(0)]), [receipt(0, 5)]), undefined);
});

test('how right the last expectations were: the last one, and all of them', () => {
  const run = (measuredUs: number, expectedUs: number, known = 1) =>
    ({ measuredUs, expectedUs, known }) as never;
  assert.deepEqual(accuracyNotes([]), []);
  assert.deepEqual(accuracyNotes([run(1, 1, 0), run(1, 0)]), []);
  assert.deepEqual(accuracyNotes([run(3, 2)]), [
    'durations are expected by what this host took before; the last run took 1.50 times as long as expected',
  ]);
  assert.match(
    accuracyNotes([run(3, 2), run(20, 2), run(1, 2)])[0],
    /the last run took 0\.50 times as long as expected; the last 3: 0\.50 to 10 times$/,
  );
});

const damaged = [{ run: 'r1', problem: { code: 'C', message: 'm', advice: 'a' } }] as never;

test('a damaged run is named with how to set it aside', () => {
  assert.deepEqual(showDamaged(damaged), ['Run r1 is left out: m. a']);
  assert.deepEqual(damagedDocuments(damaged), [{ run: 'r1', code: 'C', message: 'm', advice: 'a' }]);
});

test('what was dropped of the journal is told, and what of it could still have been taken back', () => {
  assert.deepEqual(showDropped({ runs: 0, bytes: 0, needed: [] }), []);
  assert.deepEqual(showDropped({ runs: 1, bytes: 1024, needed: [] }), ['Dropped 1 old run (1 KiB) to keep the journal within its bounds; none could be taken back any more']); // biome-ignore format: one row
  assert.match(
    showDropped({ runs: 2, bytes: 1, needed: ['x', 'y'] })[0],
    /Dropped 2 old runs .*; 2 could still have been taken back: x, y\. More are kept with/,
  );
});

test('who undid what', () => {
  assert.deepEqual(
    [showUndoneBy({ kernel: 12, octavo: 3, process: 0 } as never), showUndoneBy({ kernel: 0 } as never)],
    ['12 kernel, 3 octavo', '-'],
  );
  const by = (...whos: readonly (string | undefined)[]) =>
    whos.map((who) => ({ by: who === undefined ? undefined : { who } })) as unknown as Verdict[];
  assert.deepEqual(undoneNotes([]), []);
  assert.deepEqual(undoneNotes(by('octavo', 'octavo', 'process', 'kernel', undefined, undefined)), [
    '2 earlier splits are undone by Octavo, in a later run',
    '1 earlier split is undone by the process itself, which mapped or faulted the memory anew',
    '1 earlier split is undone by the kernel; that block is left alone for a while',
    '2 earlier splits are undone (by the kernel or by new memory of the process: cannot be told); those blocks are left alone for a while',
  ]);
});

const verdict = (step: number, outcome: string) => ({ step, outcome }) as unknown as Verdict;
const steps = (...reversible: readonly string[]) =>
  ({ steps: reversible.map((each, id) => ({ id, forecast: { reversible: each } })) }) as unknown as Plan;
const applied = (more: object) =>
  ({ run: 'r9', failure: undefined, closed: true, verdicts: [], ...more }) as unknown as Applied;
const UNDO = 'Take it back with: octavo undo r9';

test('a run that ended before its time says why, and how to take back what it changed', () => {
  const failure = { code: 'STALE', advice: 'Plan anew.' };
  assert.deepEqual(showFailure(steps('yes'), applied({ failure })), ['STALE: Plan anew.']);
  assert.deepEqual(showFailure(steps('yes'), applied({ failure, verdicts: [verdict(0, 'met')] })), [
    'STALE: Plan anew.',
    UNDO,
  ]);
  assert.deepEqual(showFailure(steps('yes'), applied({ verdicts: [verdict(0, 'partly')] })), [UNDO]);
  assert.deepEqual(showFailure(steps('yes'), applied({ verdicts: [verdict(0, 'not-met')] })), []);
  assert.deepEqual(
    showFailure(steps('no', 'yes'), applied({ verdicts: [verdict(0, 'met')] })),
    [],
    'what lasts cannot be taken back',
  );
  assert.deepEqual(
    showFailure(steps('no', 'yes'), applied({ verdicts: [verdict(0, 'met'), verdict(1, 'met')] })),
    [UNDO],
  );
  const [unclosed, undo] = showFailure(steps('no'), applied({ closed: false }));
  assert.match(unclosed, /^The end of the run could not be written\./);
  assert.equal(undo, UNDO);
  const full = { code: 'FILE_UNWRITABLE', advice: 'a' };
  assert.equal(
    showFailure(steps('yes'), applied({ failure: full, verdicts: [verdict(0, 'met')] })).at(-1),
    'Make room on the disk first, then take it back with: octavo undo r9',
  );
});

test('lines are broken at blanks, and words only where they may be', () => {
  assert.deepEqual(wrap('one two three', 7), ['one two', 'three']);
  assert.deepEqual(wrap('one two three', 6), ['one', 'two', 'three']);
  assert.deepEqual(wrap('', 5), ['']);
  assert.deepEqual(wrap('a-long|word,cut/here', 8, 'signs'), ['a-long|', 'word,', 'cut/here']);
  assert.deepEqual(wrap('abcdefgh ij', 3, 'anywhere'), ['abc', 'def', 'gh', 'ij']);
  assert.deepEqual(wrap('abcdefgh', 3), ['abcdefgh'], 'never');
  assert.deepEqual(wrap('abc-defgh', 4, 'anywhere'), ['abc-', 'defg', 'h']);
  assert.deepEqual([widthOf('käse'), widthOf('𝄞')], [4, 1]);
  assert.deepEqual(wrap('𝄞𝄞𝄞', 2, 'anywhere'), ['𝄞𝄞', '𝄞']);
});

test('a line that is too long goes on below what it explains', () => {
  assert.deepEqual(wrapLine('short', 5), ['short']);
  assert.deepEqual(wrapLine('  --opt  says a thing or two', 18), [
    '  --opt  says a',
    '         thing or',
    '         two',
  ]);
  assert.deepEqual(wrapLine('    one two three four', 14), ['    one two', '      three', '      four']);
  assert.deepEqual(
    wrapLine('a-very-long-option-name  text', 20).at(-1),
    '  name text',
    'no room beside it: two further in',
  );
});
