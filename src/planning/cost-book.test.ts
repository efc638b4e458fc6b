import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_BLOCK, PROCESS } from '../../test/support/drawing.js';
import type { Proposal, Receipt, Step } from '../vocabulary/plan.js';
import { GEOMETRY_4K, MIB } from '../vocabulary/units.js';
import { CostBook, CostsSchema } from './cost-book.js';

const BLOCK = GEOMETRY_4K.blockBytes;

function proposal(changes: Partial<Proposal> = {}, copiedBytes = BLOCK): Proposal {
  return {
    ...{
      process: PROCESS,
      block: FIRST_BLOCK,
      action: 'collapse',
      targetOrder: 9,
      policy: 'test',
      reason: '',
      priority: 0,
    },
    gain: { returnedBytes: 0, reclaimableBytes: 0, tlbReachBytes: 0 },
    cost: { durationUs: 790, lockUs: 790, copiedBytes, grownBytes: BLOCK - copiedBytes },
    ...changes,
  };
}

const step = (id: number, of = proposal()) => ({ id, actuator: 'madvise', proposal: of }) as Step;
const receipt = (id: number, durationUs: number, changes: Partial<Receipt> = {}): Receipt => ({
  ...{ step: id, actuator: 'madvise', tried: true, answer: 'ok', calls: [], durationUs, atMs: 0 },
  ...changes,
});

function taught(durations: readonly number[], of = proposal()): CostBook {
  const steps = durations.map((_, id) => step(id, of));
  return new CostBook().with(
    steps,
    durations.map((us, id) => receipt(id, us)),
    BLOCK,
    5,
  );
}

test('what was measured takes the place of what was assumed, with its spread, after three steps', () => {
  const cost = (durations: readonly number[]) => taught(durations).measured(proposal(), 'madvise', BLOCK);
  assert.deepEqual(cost([]), proposal().cost);
  assert.deepEqual(cost([5000, 6000]), proposal().cost);
  const { durationUs, lockUs, measured, copiedBytes } = cost([5000, 5100, 5700, 6500, 9000]);
  assert.deepEqual([durationUs, lockUs, copiedBytes], [5700, 5700, BLOCK]);
  assert.deepEqual(measured, { lowUs: 5000, highUs: 6500, steps: 5 });
});

test('steps are told apart by actuator, action, order, block size and how much they move', () => {
  const book = taught([5000, 5000, 5000]);
  const assumed = (of: Proposal, actuator = 'madvise', block = BLOCK) =>
    book.measured(of, actuator, block).measured === undefined;
  assert.equal(assumed(proposal()), false);
  assert.equal(assumed(proposal({}, 0.8 * BLOCK)), false);
  assert.equal(assumed(proposal({}, 0.75 * BLOCK)), true);
  assert.equal(assumed(proposal({}, 0)), true);
  assert.equal(assumed(proposal({ action: 'split' })), true);
  assert.equal(assumed(proposal({ targetOrder: 4 })), true);
  assert.equal(assumed(proposal(), 'damos'), true);
  assert.equal(assumed(proposal(), 'madvise', 32 * MIB), true);
});

test('splits are told apart by the zero-filled pages that they free', () => {
  const split = (returnedBytes: number) =>
    proposal({
      action: 'split',
      targetOrder: 0,
      gain: { returnedBytes, reclaimableBytes: 0, tlbReachBytes: 0 },
    });
  const book = taught([560, 560, 560], split(0.9 * BLOCK));
  assert.equal(book.measured(split(0.99 * BLOCK), 'madvise', BLOCK).durationUs, 560);
  assert.equal(book.measured(split(0), 'madvise', BLOCK).durationUs, 790);
});

test('only acts teach: not what was refused, not tried, or has no duration', () => {
  const steps = [step(0), step(1), step(2), step(3)];
  const receipts = [
    receipt(0, 10, { answer: 'EAGAIN' }),
    receipt(1, 10, { tried: false }),
    receipt(2, 0),
    receipt(77, 10),
  ];
  const book = new CostBook();
  assert.equal(book.with(steps, receipts, BLOCK, 5), book);
  const damos = book.with([step(0)], [receipt(0, 10, { answer: 'DAMOS tried 1 of 1 blocks' })], BLOCK, 5);
  assert.equal(damos.runs[0].steps, 1);
});

test('the book says how right it was, and whether it knew', () => {
  const first = taught([1580, 1580, 1580]);
  assert.deepEqual(first.runs, [{ atMs: 5, steps: 3, expectedUs: 2370, measuredUs: 4740, known: 0 }]);
  const known = proposal({ cost: first.measured(proposal(), 'madvise', BLOCK) });
  const second = first.with([step(0, known)], [receipt(0, 1580)], BLOCK, 9);
  assert.deepEqual(second.runs[1], { atMs: 9, steps: 1, expectedUs: 1580, measuredUs: 1580, known: 1 });
});

test('the book stays small, keeps the latest, and reads back what it wrote', () => {
  let book = new CostBook();
  for (let run = 0; run < 200; run++) {
    const of = proposal({ targetOrder: run % 100 });
    book = book.with([step(0, of)], [receipt(0, run + 1)], BLOCK, run);
  }
  const document = CostsSchema.parse(JSON.parse(JSON.stringify(book.document())));
  assert.deepEqual([document.kinds.length, document.runs.length], [64, 16]);
  assert.ok(document.kinds.every(({ kind }) => Number(/order (\d+)/.exec(kind)?.[1]) >= 36));
  const kept = book.with([step(0, proposal({ targetOrder: 36 }))], [receipt(0, 1)], BLOCK, 1);
  const next = kept.with([step(0, proposal({ targetOrder: 7 }))], [receipt(0, 1)], BLOCK, 1);
  const orders = next.document().kinds.map(({ kind }) => Number(/order (\d+)/.exec(kind)?.[1]));
  assert.ok(orders.includes(36) && !orders.includes(37), 'the kind not met for longest goes');
  const many = taught(Array.from({ length: 100 }, (_, index) => index + 1));
  assert.equal(many.document().kinds[0].durationsUs.length, 64);
  assert.equal(many.measured(proposal(), 'madvise', BLOCK).measured?.lowUs, 43);
  assert.deepEqual(new CostBook(document).document(), document);
});
