import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drawBlocks } from '../../test/conformance/measure.js';
import { modelStage } from '../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../test/conformance/thp-settings.js';
import { actuatorsOf } from '../config/assemble.js';
import { probeHands } from '../config/probe-hands.js';
import { DamonSlot } from '../damon/slot.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { observe } from '../verification/observe.js';
import { PROBE_DEFAULTS, type ProbeHands, type ProbeOptions, ProbeSource, wilson } from './probe.js';

const SPARSE = 5;
const DENSE = 3;
const EVERY = 64;

async function probed(options: Partial<ProbeOptions>, changes: Partial<ProbeHands> = {}, occupy = false) {
  const stage = modelStage('7.3', () => undefined);
  const { host } = stage;
  return withThp(host, { enabled: 'always', ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(SPARSE + DENSE, 'anon');
    await workload.touch(range, 1);
    const middle = range.start + SPARSE * 512;
    await workload.keepReading([
      { range: { start: range.start, end: middle }, every: EVERY },
      { range: { start: middle, end: range.end }, every: 1 },
    ]);
    const held = occupy ? await DamonSlot.open(host, { share: false }) : undefined;
    const hands = { ...probeHands(host, actuatorsOf(host), DEFAULT_BUDGETS), ...changes };
    const { sizes } = observe(host, workload.pid);
    const source = new ProbeSource(sizes.geometry, hands, { ...PROBE_DEFAULTS, windowMs: 500, ...options });
    const context = {
      host,
      processes: [sizes],
      progress: () => undefined,
      signal: new AbortController().signal,
    };
    const pages = new Map<number, number>();
    for await (const reading of source.read(context)) {
      if (reading.kind !== 'samples') continue;
      for (let row = 0; row < reading.batch.count; row++) {
        const page = reading.batch.virtualPage[row] - range.start;
        pages.set(page, (pages.get(page) ?? 0) + reading.batch.weight[row]);
      }
    }
    if (held?.ok) await held.value.close();
    return { pages, drawn: drawBlocks(host, workload.pid, range), account: source.account() };
  });
}

test('every sub-page in use is seen and no other; dense blocks are huge again, sparse ones stay split', async () => {
  const { pages, drawn, account } = await probed({ sampleBlocks: 8 });
  const expected = new Set<number>();
  for (let page = 0; page < SPARSE * 512; page += EVERY) expected.add(page);
  for (let page = SPARSE * 512; page < (SPARSE + DENSE) * 512; page++) expected.add(page);
  assert.deepEqual(
    [...pages.keys()].sort((left, right) => left - right),
    [...expected],
  );
  assert.equal(drawn, `0×${SPARSE} H×${DENSE}`);
  assert.match(
    account.notes.join('\n'),
    /split 8 of 8 huge pages .*: 5 proved sparse, so 31 % to 86 % of all are/,
  );
  assert.match(account.notes.join('\n'), /8 splits, 3 collapses \(6 MiB copied\); 5 sparse ones stay split/);
});

test('only so many blocks are split as the budget says, and all are put back when asked', async () => {
  const { drawn, account } = await probed({ sampleBlocks: 3, restoreAll: true });
  assert.equal(drawn, 'H×8');
  assert.match(account.notes.join('\n'), /split 3 of 8 huge pages/);
});

test('pressure stops the probe before it splits anything', async () => {
  const { drawn, account, pages } = await probed({}, { pressure: () => 'memory is short' });
  assert.equal(drawn, 'H×8');
  assert.equal(pages.size, 0);
  assert.match(account.notes.join('\n'), /stopped after 0 of 8 huge pages: memory is short/);
});

test('without actuators nothing is done, and that is counted', async () => {
  const { drawn, account } = await probed({}, { missing: 'nothing here splits' });
  assert.equal(drawn, 'H×8');
  assert.deepEqual(account.losses, { 'processes not probed: nothing here splits': 1 });
});

test('where DAMON is taken, writes are watched by soft-dirty bits, and the note says so', async () => {
  const { account } = await probed({}, {}, true);
  assert.match(
    account.notes.join('\n'),
    /soft-dirty bits, which show writes only: DAMON is used by another Octavo/,
  );
});

test('the interval holds the share, lies within 0 and 1, and narrows with more trials', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (trials, part) => {
        const hits = Math.round(part * trials);
        const [low, high] = wilson(hits, trials);
        const [lower, higher] = wilson(hits * 4, trials * 4);
        assert.ok(low >= 0 && high <= 1 && low <= hits / trials + 1e-12 && high >= hits / trials - 1e-12);
        assert.ok(higher - lower < high - low);
      },
    ),
  );
});
