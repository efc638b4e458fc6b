/** Actuators on hosts that answer as they are told: ranges, receipts, refusals, and what each says of itself. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modelStage } from '../../test/conformance/model-stage.js';
import { blocksOf, stepsFor, upTo } from '../../test/conformance/steps.js';
import { QUIET, withThp } from '../../test/conformance/thp-stage.js';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { failure, success } from '../base/result.js';
import { DamonSlot } from '../damon/slot.js';
import type { Host } from '../host/host.js';
import type { ErrnoName } from '../vocabulary/errno.js';
import type { Step } from '../vocabulary/plan.js';
import type { PageRange } from '../vocabulary/units.js';
import type { ActingContext, Actuator } from './actuator.js';
import { adviseEach } from './advising.js';
import { collapseThenSplitActuator } from './collapse-then-split.js';
import { damosActuator } from './damos.js';
import { debugfsSplitActuator, missingFor, splitOrders } from './debugfs-split.js';
import { dryRun } from './dry-run.js';
import { lasting, prepareToStaySplit, stayingSplit } from './keep-split.js';
import { madviseActuator } from './madvise.js';
import { ReceiptMaker } from './receipts.js';

function context(host: Host): ActingContext {
  const target = host.calls.openProcess(PID);
  assert.ok(target.ok);
  return { host, target: target.value };
}

const steps = (
  host: Host,
  action: Step['proposal']['action'],
  blocks: readonly number[],
  order = 0,
): Step[] =>
  stepsFor(
    host,
    PID,
    blocks.map((block) => FIRST_BLOCK + block),
    { action, targetOrder: order, actuator: 'any' },
  );

describe('one advice over many ranges', () => {
  const ranges = upTo(0, 4).map((at): PageRange => ({ start: 10 * at, end: 10 * at + 4 }));

  /** What a kernel advises of each range: pages of it, or the errno that stops there. */
  async function advised(answers: readonly (number | ErrnoName)[]) {
    const calls: number[][] = [];
    const host = {
      identity: { geometry: { pageBytes: 4096 } },
      calls: {
        processMadvise: async (_target: unknown, given: readonly PageRange[]) => {
          calls.push(given.map(({ start }) => start / 10));
          let pages = 0;
          for (const { start } of given) {
            const answer = answers[start / 10];
            if (typeof answer === 'number') pages += answer;
            if (answer === 4) continue;
            if (pages > 0) break;
            return failure({ errno: answer as ErrnoName, call: 'process_madvise' });
          }
          return success(pages * 4096);
        },
      },
    } as unknown as Host;
    const target = { pid: 1, isAlive: () => true, close: () => undefined };
    return { answers: await adviseEach({ host, target }, ranges, 'MADV_COLD'), calls };
  }

  test('is one call where all goes', async () => {
    assert.deepEqual(await advised([4, 4, 4, 4]), { answers: Array(4).fill('ok'), calls: [[0, 1, 2, 3]] });
  });

  test('goes on behind a range that is refused, which is asked again only where others went before it', async () => {
    assert.deepEqual(await advised(['EINVAL', 4, 4, 4]), {
      answers: ['EINVAL', 'ok', 'ok', 'ok'],
      calls: [
        [0, 1, 2, 3],
        [1, 2, 3],
      ],
    });
    assert.deepEqual(await advised([4, 4, 'EAGAIN', 4]), {
      answers: ['ok', 'ok', 'EAGAIN', 'ok'],
      calls: [[0, 1, 2, 3], [2], [3]],
    });
  });

  test('that went in part is asked for by itself', async () => {
    assert.deepEqual(await advised([4, 3, 4, 4]), {
      answers: ['ok', 'ok', 'ok', 'ok'],
      calls: [[0, 1, 2, 3], [1], [2, 3]],
    });
    assert.deepEqual((await advised([3, 4, 4, 4])).answers, ['ok', 'ok', 'ok', 'ok']);
  });

  test('ends with the process: the others are not asked', async () => {
    assert.deepEqual(await advised([4, 'ESRCH', 4, 4]), {
      answers: ['ok', 'ESRCH', 'ESRCH', 'ESRCH'],
      calls: [[0, 1, 2, 3], [1]],
    });
  });
});

test('receipts share the time of their call, from its beginning', () => {
  const host = new ScriptedHost([9, 9, 9, 9]);
  host.clock.monotonicNs = () => host.nowNs;
  const receipts = new ReceiptMaker('any', host);
  host.nowNs = 70_000;
  receipts.begin();
  host.nowNs += 8_000_000;
  const made = receipts.receipts(steps(host, 'split', [0, 1, 2, 3]), ['ok', 'ok', 'EBUSY', 'ok'], ['a call']);
  assert.deepEqual(
    made.map(({ durationUs, answer, tried, calls }) => [durationUs, answer, tried, calls]),
    ['ok', 'ok', 'EBUSY', 'ok'].map((answer) => [2000, answer, true, ['a call']]),
  );
  assert.equal(receipts.receipts(steps(host, 'split', [0]), ['ok'], [])[0].durationUs, 8000);
});

describe('madvise', () => {
  test('does both actions of one call, with the receipts in the order of the steps', async () => {
    const host = new ScriptedHost([9, { order: 0, collapseFails: 'EAGAIN' }, 9]);
    const [first, third] = steps(host, 'split', [0, 2]);
    const [second] = steps(host, 'collapse', [1], 9);
    const mixed = [first, { ...second, id: 7 }, third];
    const receipts = await madviseActuator(host).apply(mixed, context(host));
    assert.deepEqual(
      receipts.map(({ step, answer }) => [step, answer]),
      [
        [1, 'ok'],
        [7, 'EAGAIN'],
        [2, 'ok'],
      ],
    );
    assert.equal((await madviseActuator(host).apply([], context(host))).length, 0);
  });

  test('a refusal to cool a block leaves it whole; holes between mappings do not', async () => {
    for (const [errno, cut] of [
      ['EINVAL', false],
      ['ENOMEM', true],
    ] as const) {
      const host = new ScriptedHost([9]);
      const { processMadvise } = host.calls;
      let calls = 0;
      host.calls.processMadvise = async (...given) =>
        ++calls === 1 ? failure({ errno, call: 'process_madvise' }) : processMadvise(...given);
      const [receipt] = await madviseActuator(host).apply(steps(host, 'split', [0]), context(host));
      assert.deepEqual([receipt.answer, host.blocks[0].order], [errno, cut ? 0 : 9]);
    }
  });

  test('a piece that is refused is the answer of its block', async () => {
    const host = new ScriptedHost([9, 9]);
    const { processMadvise } = host.calls;
    host.calls.processMadvise = async (target, ranges, advice) =>
      ranges[0].end - ranges[0].start === 1
        ? failure({ errno: 'EBUSY', call: 'process_madvise' })
        : processMadvise(target, ranges, advice);
    const receipts = await madviseActuator(host).apply(steps(host, 'split', [0, 1]), context(host));
    assert.deepEqual(
      receipts.map(({ answer }) => answer),
      ['EBUSY', 'EBUSY'],
    );
  });

  test('drains the LRU caches before it collapses, not before it splits', async () => {
    const host = new ScriptedHost([9, 0]);
    host.calls.drainLru = async () => {
      host.log.push('drain');
      host.nowNs += 5_000_000;
    };
    await madviseActuator(host).apply(steps(host, 'split', [0]), context(host));
    assert.equal(host.log.includes('drain'), false);
    const [receipt] = await madviseActuator(host).apply(steps(host, 'collapse', [1], 9), context(host));
    assert.ok(receipt.durationUs < 1000, 'the time of the act, not of the drain');
    assert.deepEqual(host.log.slice(-2), ['drain', 'MADV_COLLAPSE 512+512']);
  });

  test('says the very calls that it makes, page by page of large folios', () => {
    const host = new ScriptedHost([9]);
    const at = (order: number): Step => {
      const [step] = steps(host, 'split', [0]);
      const pagesByOrder = Array(10).fill(0);
      pagesByOrder[order] = 512;
      return { ...step, before: { ...step.before, level: order === 9 ? 'pmd' : 'pte', pagesByOrder } };
    };
    const lines = (step: Step) => madviseActuator(host).describe([step], PID);
    assert.deepEqual(lines(at(9)), [
      'process_madvise(pidfd of 100, [0x7d000000, +2097152), MADV_COLD)',
      'process_madvise(pidfd of 100, [0x7d000000, +4096), MADV_COLD)',
    ]);
    assert.match(lines(at(4))[1], /\+4096\) and 31 more pages, one of each folio, MADV_COLD\)$/);
    assert.match(lines(at(8))[1], / and 1 more pages, /);
    assert.doesNotMatch(lines(at(0))[1], /more pages/);
    assert.deepEqual(madviseActuator(host).describe(steps(host, 'collapse', [0], 9), PID), [
      'process_madvise(pidfd of 100, [0x7d000000, +2097152), MADV_COLLAPSE)',
    ]);
  });
});

describe('debugfs', () => {
  test('is written to before others get the CPU, since the write holds the lock of the target', async () => {
    const host = new ScriptedHost([9, 9]);
    const { writeKernelFile } = host.files;
    const told: string[] = [];
    const calls = {
      ...host.calls,
      hurry: async (what: string) => {
        told.push(what);
        return () => void told.push('as before');
      },
    };
    const files = {
      ...host.files,
      writeKernelFile: (path: string, text: string) => {
        told.push('write');
        return writeKernelFile.call(host.files, path, text);
      },
    };
    const hurried = Object.assign(Object.create(host), { calls, files });
    await debugfsSplitActuator(hurried).apply(steps(host, 'split', [0, 1]), context(hurried));
    assert.deepEqual(told, ['files', 'write', 'write', 'as before']);
  });

  test('reaches every order but 1 below a huge page, and says what stands against it', () => {
    const host = new ScriptedHost([9]);
    assert.deepEqual(splitOrders(host.identity.geometry), [0, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(missingFor(host), '');
    const reasons: (readonly [ErrnoName, RegExp])[] = [
      ['EPERM', /: the kernel is locked down/],
      ['EACCES', /: debugfs is for root only$/],
      ['ENOENT', /: debugfs is not mounted/],
      ['EROFS', /: EROFS$/],
    ];
    for (const [errno, says] of reasons) {
      host.debugfs = errno;
      assert.match(missingFor(host), says);
      assert.equal(debugfsSplitActuator(host).abilities[0].missing, missingFor(host));
    }
  });

  test('a write that is refused is the answer of its block alone; a target that is gone is not written for', async () => {
    const host = new ScriptedHost([9, 9]);
    const { writeKernelFile } = host.files;
    host.files.writeKernelFile = (path, text) =>
      text.includes('0x7d000000') ? failure({ errno: 'EBUSY', call: 'write' }) : writeKernelFile(path, text);
    const actuator = debugfsSplitActuator(host);
    const acting = context(host);
    const receipts = await actuator.apply(steps(host, 'split', [0, 1], 3), acting);
    assert.deepEqual(
      receipts.map(({ answer }) => answer),
      ['EBUSY', 'ok'],
    );
    assert.deepEqual(
      host.blocks.map(({ order }) => order),
      [9, 3],
    );
    const written = host.log.length;
    host.alive = false;
    const [gone] = await actuator.apply([{ ...receiptless(host), id: 9 }], acting);
    assert.deepEqual([gone.step, gone.answer, host.log.length], [9, 'ESRCH', written]);
  });

  /** A step of a process that cannot be asked any more. */
  function receiptless(host: ScriptedHost): Step {
    host.alive = true;
    const [step] = steps(host, 'split', [1], 2);
    host.alive = false;
    return step;
  }
});

describe('a collapse to a smaller order', () => {
  test('lacks what either half lacks, and reaches what the second can, but for base pages', () => {
    const host = new ScriptedHost([0]);
    const can = () => collapseThenSplitActuator(host).abilities[0];
    assert.deepEqual([can().orders, can().missing], [[2, 3, 4, 5, 6, 7, 8], '']);
    host.debugfs = 'EPERM';
    assert.match(can().missing, /locked down/);
    host.debugfs = undefined;
    host.calls.probeAdvice = (advice) =>
      advice === 'MADV_COLLAPSE' ? failure({ errno: 'EINVAL', call: 'probe' }) : success(undefined);
    assert.match(can().missing, /MADV_COLLAPSE/);
    host.calls.probeAdvice = (advice) =>
      advice === 'MADV_COLD' ? failure({ errno: 'EINVAL', call: 'probe' }) : success(undefined);
    assert.equal(can().missing, '', 'it cools nothing');
  });

  test('adds up calls and times, and a refusal of the first half is the answer', async () => {
    const host = new ScriptedHost([0, { order: 0, collapseFails: 'ENOMEM' }]);
    const actuator = collapseThenSplitActuator(host);
    const wanted = steps(host, 'collapse', [0, 1], 4);
    const [met, not] = await actuator.apply(wanted, context(host));
    assert.deepEqual([met.answer, not.answer, met.actuator], ['ok', 'ENOMEM', 'collapse-then-split']);
    assert.ok(met.calls.some((call) => call.includes('MADV_COLLAPSE')));
    assert.ok(met.calls.at(-1)?.startsWith('write "100,0x7d000000,0x7d200000,4"'));
    assert.ok(met.durationUs > 0);
    host.blocks[0].order = 0;
    host.debugfs = 'EIO';
    assert.equal((await actuator.apply(wanted, context(host)))[0].answer, 'EIO');
    assert.deepEqual(
      actuator.describe(wanted.slice(0, 1), PID).map((line) => line.split(/[ (]/)[0]),
      ['process_madvise', 'write'],
    );
  });
});

test('what each says of itself: pieces without references, its batches, who paces it', () => {
  const host = new ScriptedHost([9]);
  const facts = ({ name, clearsReferences, batch, pacesItself, defeatedBy }: Actuator) => [
    ...[name, clearsReferences, batch, pacesItself, Object.keys(defeatedBy)],
  ];
  assert.deepEqual(facts(madviseActuator(host)), ['madvise', true, 16, false, ['mlocked', 'shared']]);
  assert.deepEqual(facts(debugfsSplitActuator(host)), ['debugfs-split', false, 16, false, []]);
  assert.deepEqual(facts(collapseThenSplitActuator(host)), ['collapse-then-split', false, 4, false, []]);
  assert.deepEqual(facts(damosActuator(host)), ['damos', false, 256, true, []]);
  assert.equal(dryRun(damosActuator(host)).pacesItself, true);
  const dry = dryRun(madviseActuator(host));
  assert.deepEqual(facts(dry), facts(madviseActuator(host)));
});

test('a dry run makes receipts of what would be called, and calls nothing', async () => {
  const host = new ScriptedHost([9]);
  const wanted = steps(host, 'split', [0]);
  const [receipt] = await dryRun(madviseActuator(host)).apply(wanted, context(host));
  assert.deepEqual([receipt.tried, receipt.answer, receipt.durationUs], [false, 'dry run', 0]);
  assert.deepEqual(receipt.calls, madviseActuator(host).describe(wanted, PID));
  assert.deepEqual(host.log, []);
});

describe('a split that is to last', () => {
  const plain = { allowSticky: false, shareDamon: false };

  test('is cooled as a whole right before, and only splits are', async () => {
    const host = new ScriptedHost([9, 0]);
    const kept = stayingSplit(debugfsSplitActuator(host), host, plain);
    assert.equal(kept.clearsReferences, true);
    const split = steps(host, 'split', [0], 2);
    const [receipt] = await kept.apply(split, context(host));
    assert.deepEqual(host.log, [
      'MADV_COLD 0+512',
      'write /sys/kernel/debug/split_huge_pages 100,0x7d000000,0x7d200000,2',
    ]);
    assert.equal(receipt.calls[0], 'MADV_COLD on the whole block: ok');
    assert.equal(kept.describe(split, PID)[0], 'process_madvise(pidfd of 100, 1 whole blocks, MADV_COLD)');
    const collapses = stayingSplit(madviseActuator(host), host, plain);
    const collapse = steps(host, 'collapse', [1], 9);
    const [alone] = await collapses.apply(collapse, context(host));
    assert.equal(host.log.at(-1), 'MADV_COLLAPSE 512+512');
    assert.equal(host.log.filter((line) => line.startsWith('MADV_COLD')).length, 1);
    assert.deepEqual(collapses.describe(collapse, PID), alone.calls);
    const both = await collapses.apply([...collapse, { ...split[0], id: 8 }], context(host));
    assert.deepEqual(
      both.map(({ calls }) => calls[0].startsWith('MADV_COLD on the whole block')),
      [false, true],
    );
  });

  test('is made of an actuator that splits and leaves references, or where a flag is wanted, too', () => {
    const host = new ScriptedHost([9]);
    const sticky = { allowSticky: true, shareDamon: false };
    const isWrapped = (actuator: Actuator, options = plain) => lasting(actuator, host, options) !== actuator;
    const [madvise, debugfs] = [madviseActuator(host), debugfsSplitActuator(host)];
    assert.deepEqual([isWrapped(debugfs), isWrapped(madvise)], [true, false]);
    assert.deepEqual([isWrapped(debugfs, sticky), isWrapped(madvise, sticky)], [true, true]);
    const unable = (actuator: Actuator, action: string): Actuator => ({
      ...actuator,
      abilities: actuator.abilities.map((one) => (one.action === action ? { ...one, missing: 'no' } : one)),
    });
    assert.deepEqual(
      [isWrapped(unable(madvise, 'split'), sticky), isWrapped(unable(debugfs, 'split'))],
      [false, false],
    );
    assert.equal(isWrapped(unable(madvise, 'collapse'), sticky), true);
  });

  test('where the kernel cannot cool leaves references', () => {
    const host = new ScriptedHost([9]);
    host.calls.probeAdvice = () => failure({ errno: 'EINVAL', call: 'probe' });
    assert.equal(stayingSplit(debugfsSplitActuator(host), host, plain).clearsReferences, false);
    assert.equal(stayingSplit(madviseActuator(host), host, plain).clearsReferences, true);
  });

  /** Four huge blocks on a model with DAMON. */
  async function onModel() {
    const { host, ...stage } = modelStage('7.3', () => undefined);
    const workload = await stage.startWorkload();
    const range = await workload.map(4, 'anon');
    await withThp(host, { enabled: 'always', ...QUIET }, () => workload.touch(range, 1));
    const target = host.calls.openProcess(workload.pid);
    assert.ok(target.ok);
    const acting = { host, target: target.value };
    const flags = () => {
      const smaps = host.files.readText(`/proc/${workload.pid}/smaps`);
      return smaps.ok ? (smaps.value.match(/^VmFlags:.* nh/gm) ?? []).length : 0;
    };
    return { host, workload, acting, flags, blocks: blocksOf(host, range, upTo(0, 4)) };
  }

  test('may be marked VM_NOHUGEPAGE first, which is said, and leaves DAMON as it was', async () => {
    const { host, workload, acting, flags, blocks } = await onModel();
    const wanted = stepsFor(host, workload.pid, blocks.slice(1, 3), {
      ...{ action: 'split', targetOrder: 2, actuator: 'debugfs-split' },
    });
    const sticky = { allowSticky: true, shareDamon: false };
    const kept = stayingSplit(debugfsSplitActuator(host), host, sticky);
    assert.match(
      kept.describe(wanted, workload.pid)[0],
      /^DAMOS nohugepage on 2 blocks of \d+: VM_NOHUGEPAGE/,
    );
    const receipts = await kept.apply(wanted, acting);
    for (const { calls } of receipts)
      assert.deepEqual(calls.slice(0, 2), ['DAMOS nohugepage: done', 'MADV_COLD on the whole block: ok']);
    assert.equal(flags(), 1);
    const left = host.files.readText('/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds');
    assert.equal(left.ok && left.value.trim(), '0');
    const beyond = { blocks: [blocks[0], blocks[3] + 1], ...sticky };
    assert.equal(
      (await prepareToStaySplit(beyond, acting)).sticky,
      'done, but 1 blocks no longer lie whole in one mapping',
    );
  });

  test('is cooled all the same where DAMON is taken, or refuses', async () => {
    const { host, workload, acting, flags, blocks } = await onModel();
    const request = { blocks, allowSticky: true, shareDamon: false };
    const held = await DamonSlot.open(host, { share: false });
    assert.ok(held.ok);
    const taken = await prepareToStaySplit(request, acting);
    assert.match(taken.sticky, /^DAMON is used by another Octavo/);
    assert.deepEqual([taken.cleared, flags()], [['ok', 'ok', 'ok', 'ok'], 0]);
    await held.value.close();
    await workload.end();
    assert.match((await prepareToStaySplit(request, acting)).sticky, /^EINVAL: /);
    const left = host.files.readText('/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds');
    assert.equal(left.ok && left.value.trim(), '0');
  });
});
