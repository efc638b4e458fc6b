/** What a reader sees of a plan and of verdicts: rows that say the same are told once, with how many there are. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_BUDGETS } from '../../planning/budgets.js';
import type { BlockState } from '../../vocabulary/page-sizes.js';
import type { PassedOver, Plan, Refused, Step, Verdict } from '../../vocabulary/plan.js';
import { showPlan, showVerdicts } from './plan.js';
import { layOut, PLAIN } from './terminal-text.js';

const process = { pid: 7, startTicks: 1, command: 'store', cgroup: '/' };
const MIB = 2 ** 20;

function block(at: number): BlockState {
  return {
    ...{ block: at, level: 'pmd', present: 512, zeroMapped: 0, swapped: 0, unmapped: 0, firstFrame: null },
    ...{ pagesByOrder: [], flags: [] },
  };
}

function step(id: number, changes: Partial<Step['proposal']> = {}): Step {
  return {
    id,
    proposal: {
      ...{ process, block: 1000 + id, action: 'split', targetOrder: 0, policy: 'return-empty' },
      reason: `${400 + id} of 512 sub-pages hold only zeroes`,
      gain: { returnedBytes: MIB, reclaimableBytes: 0, tlbReachBytes: -2 * MIB },
      cost: { durationUs: 500, lockUs: 100, copiedBytes: 0, grownBytes: 0 },
      priority: 1,
      ...changes,
    },
    actuator: 'madvise',
    before: block(1000 + id),
    forecast: { undoneByKernel: 'no', why: 'nothing', keptBy: '', reversible: 'yes', irreversible: 'frames' },
    warnings: [],
  };
}

function plan(changes: Partial<Plan> = {}): Plan {
  return {
    ...{ octavo: 'plan', version: 1, id: 'plan-x', madeAtMs: 0, bootId: 'b', target: '7' },
    geometry: { pageBytes: 4096, blockBytes: 2 * MIB },
    ...{ processes: [process], policy: 'chain', parameters: {}, sources: [], budgets: DEFAULT_BUDGETS },
    ...{ steps: [], refused: [], passedOver: [], notes: [] },
    ...changes,
  };
}

const shown = (changes: Partial<Plan>) => layOut(showPlan(plan(changes)), PLAIN);

const passedOver = (why: string, blocks: number): PassedOver => ({
  ...{ policy: 'collapse-dense', code: 'would-grow', why, blocks, examples: [], process },
});
const refused = (why: string): Refused => ({ proposal: step(0).proposal, code: 'would-grow', why });

describe('a plan', () => {
  test('tells findings that differ only in their sizes once, with their blocks together', () => {
    const text = shown({
      passedOver: [
        passedOver('a collapse would take 12 KiB', 3),
        passedOver('a collapse would take 1.25 MiB', 2),
        passedOver('a collapse would take 900 B', 1),
        passedOver('nothing is there', 1),
      ],
    });
    const lines = text.split('\n').filter((line) => line.includes('[would-grow]'));
    assert.deepEqual(lines, [
      '  collapse-dense [would-grow] a collapse would take 12 KiB (6 blocks; the numbers are those of the first)',
      '  collapse-dense [would-grow] nothing is there (1 block)',
    ]);
  });

  test('tells equal refusals once, and one alone without a number', () => {
    const text = shown({ refused: [refused('x'), refused('x'), refused('y at 0x7f00 after 3 ms')] });
    assert.match(text, /split \[would-grow\] x \(2 blocks\)$/m);
    assert.match(text, /split \[would-grow\] y at 0x7f00 after 3 ms$/m);
    const differing = shown({ refused: [refused('at 0x7f00 after 3 ms'), refused('at 0xbeef after 2.5 s')] });
    assert.match(differing, /at 0x7f00 after 3 ms \(2 blocks; the numbers are those of the first\)$/m);
  });

  test('keeps words apart that only look like units', () => {
    const text = shown({ refused: [refused('5 bytes'), refused('5 blocks')] });
    assert.match(text, /5 bytes$/m);
    assert.match(text, /5 blocks$/m);
  });

  test('tells equal notes once', () => {
    const text = shown({ notes: ['smaps: 3 ranges', 'smaps: 4 ranges', 'other'] });
    assert.match(text, /note: smaps: 3 ranges \(2 notes; the numbers are those of the first\)\nnote: other$/);
  });

  test('shows twenty steps and says how many more there are', () => {
    const steps = Array.from({ length: 23 }, (_, id) => step(id));
    const text = shown({ steps });
    assert.match(text, /policy chain, 23 steps/);
    assert.match(text, /^ +19 +7 +0x7f7e00000|^ +19 +7 +0x/m);
    assert.doesNotMatch(text, /^ +20 +7 /m);
    assert.match(text, /\(3 more steps; the plan file and --json have all\)/);
    assert.match(text, /^returned at once +23 MiB$/m);
    assert.match(text, /^TLB reach +−46 MiB$/m);
    assert.doesNotMatch(shown({ steps: steps.slice(0, 20) }), /more steps/);
  });

  test('names four processes and counts the others', () => {
    const processes = Array.from({ length: 6 }, (_, index) => ({ ...process, pid: index + 1 }));
    assert.match(shown({ processes }), /for 1 \(store\), 2 \(store\), 3 \(store\), 4 \(store\) and 2 more:/);
    assert.doesNotMatch(shown({ processes: processes.slice(0, 4) }), / more:/);
  });
});

function verdict(id: number, changes: Partial<Verdict> = {}): Verdict {
  return {
    ...{ step: id, outcome: 'not-met', cause: 'pinned', why: `${id} pages are pinned` },
    ...{ before: block(1000 + id), after: block(1000 + id), residentDelta: -4096 },
    ...changes,
  };
}

describe('verdicts', () => {
  test('of one outcome for one reason are a row, with how many and the first of them', () => {
    const text = layOut(
      showVerdicts(plan(), [
        verdict(1, { outcome: 'met', cause: 'none', why: '' }),
        verdict(2),
        verdict(3),
        verdict(4, { why: 'somebody else holds it' }),
        verdict(5, { cause: 'shared' }),
      ]),
      PLAIN,
    );
    assert.match(
      text,
      /^Verdicts by page sizes: 1 met, 4 not-met; resident memory −20 KiB, returned to the system: unknown$/m,
    );
    const rows = text
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s{2,}/));
    assert.deepEqual(rows[0], ['steps', 'first', 'address', 'outcome', 'cause', 'why']);
    assert.deepEqual(
      rows.slice(1).map(([steps, first, , outcome, cause, why]) => [steps, first, outcome, cause, why]),
      [
        ['2', '2', 'not-met', 'pinned', '2 pages are pinned'],
        ['1', '4', 'not-met', 'pinned', 'somebody else holds it'],
        ['1', '5', 'not-met', 'shared', '5 pages are pinned'],
      ],
    );
  });

  test('that are all met are a line, and none at all say so', () => {
    const met = verdict(1, { outcome: 'met', cause: 'none', why: '', residentDelta: 0 });
    assert.equal(
      showVerdicts(plan(), [met]),
      'Verdicts by page sizes: 1 met; resident memory 0 B, returned to the system: unknown',
    );
    assert.match(showVerdicts(plan(), []), /nothing was done/);
  });

  test('beyond the bound are counted', () => {
    const many = Array.from({ length: 5 }, (_, id) => verdict(id, { why: 'x'.repeat(id + 1) }));
    assert.match(showVerdicts(plan(), many, 3), /\(2 more; --json has all\)$/);
    assert.doesNotMatch(showVerdicts(plan(), many.slice(0, 3), 3), /more/);
  });
});
