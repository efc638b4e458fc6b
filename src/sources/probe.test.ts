import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBlocks } from '../../test/conformance/measure.js';
import { modelStage } from '../../test/conformance/model-stage.js';
import { QUIET, withThp } from '../../test/conformance/thp-stage.js';
import fc from '../../test/support/properties.js';
import { terminalOn } from '../../test/support/terminal.js';
import { actuatorsOf } from '../config/assemble.js';
import { JournalledHands } from '../config/probe-hands.js';
import { readRun } from '../cycle/journal.js';
import { DamonSlot } from '../damon/slot.js';
import type { Host } from '../host/host.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { observe } from '../verification/observe.js';
import { shareInterval } from './probe/estimate.js';
import { PROBE_DEFAULTS, type ProbeHands, type ProbeOptions, ProbeSource } from './probe.js';

const SPARSE = 5;
const DENSE = 3;
const EVERY = 64;

interface Circumstances {
  readonly hands?: Partial<ProbeHands>;
  /** Another Octavo has DAMON. */
  readonly occupied?: boolean;
  readonly changeHost?: (host: Host) => Host;
  readonly signal?: AbortSignal;
  /** The process is asked for so many times over. */
  readonly processes?: number;
}

async function probed(options: Partial<ProbeOptions>, around: Circumstances = {}) {
  const stage = modelStage('7.3', () => undefined);
  const host = around.changeHost?.(stage.host) ?? stage.host;
  return withThp(host, { enabled: 'always', ...QUIET }, async () => {
    const workload = await stage.startWorkload();
    const range = await workload.map(SPARSE + DENSE, 'anon');
    await workload.touch(range, 1);
    const middle = range.start + SPARSE * 512;
    await workload.keepReading([
      { range: { start: range.start, end: middle }, every: EVERY },
      { range: { start: middle, end: range.end }, every: 1 },
    ]);
    const held = around.occupied ? await DamonSlot.open(host, { share: false }) : undefined;
    const signal = around.signal ?? new AbortController().signal;
    const place = { host, directory: host.identity.stateDirectory };
    const own = new JournalledHands({
      place,
      actuators: actuatorsOf(host, ['madvise', 'debugfs-split']),
      budgets: DEFAULT_BUDGETS,
      signal,
    });
    const hands: ProbeHands = {
      missing: around.hands?.missing ?? own.missing,
      split: (process, blocks) => own.split(process, blocks),
      collapse: around.hands?.collapse ?? ((process, blocks) => own.collapse(process, blocks)),
      pressure: (blocks) => (around.hands?.pressure ?? own.pressure.bind(own))(blocks),
    };
    const { sizes } = observe(host, workload.pid);
    const source = new ProbeSource(sizes.geometry, hands, {
      ...PROBE_DEFAULTS,
      windowMs: 500,
      restoreAll: false,
      ...options,
    });
    const context = {
      host,
      processes: Array.from({ length: around.processes ?? 1 }, () => sizes),
      progress: () => undefined,
      signal,
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
    const look = () => drawBlocks(host, workload.pid, range);
    return { pages, look, drawn: look(), account: source.account(), runs: own.runs, place, host };
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
  assert.match(account.notes.join('\n'), /split 8 of 8 huge pages .*: 5 proved sparse, so 63 % of all are/);
  assert.match(
    account.notes.join('\n'),
    /8 splits \(bound 8, --sample\), 3 collapses \(6 MiB copied\); 5 stay split/,
  );
});

test('only so many blocks are split as the budget says, and all are put back when asked', async () => {
  const { drawn, account } = await probed({ sampleBlocks: 3, restoreAll: true });
  assert.equal(drawn, 'H×8');
  assert.match(account.notes.join('\n'), /split 3 of 8 huge pages/);
});

test('pressure stops the probe before it splits anything', async () => {
  const { drawn, account, pages } = await probed({}, { hands: { pressure: () => 'memory is short' } });
  assert.equal(drawn, 'H×8');
  assert.equal(pages.size, 0);
  assert.match(account.notes.join('\n'), /stopped after 0 of 8 huge pages: memory is short/);
});

test('without actuators nothing is done, and that is counted', async () => {
  const { drawn, account } = await probed({}, { hands: { missing: 'nothing here splits' } });
  assert.equal(drawn, 'H×8');
  assert.deepEqual(account.losses, { 'processes not probed: nothing here splits': 1 });
});

test('where DAMON is taken, writes are watched by soft-dirty bits, and the note says so', async () => {
  const { account } = await probed({}, { occupied: true });
  assert.match(
    account.notes.join('\n'),
    /soft-dirty bits, which show writes only: DAMON is used by another Octavo/,
  );
});

/** An object with some of its methods answered by others. */
function withMethods<Part extends object>(part: Part, changes: Partial<Part>): Part {
  return new Proxy(part, {
    get: (target, name) => {
      const value = changes[name as keyof Part] ?? target[name as keyof Part];
      return typeof value === 'function' && !(name in changes) ? value.bind(target) : value;
    },
  });
}

const noDamon = (host: Host): Host => ({
  ...host,
  files: withMethods(host.files, {
    status: (path: string) =>
      path.startsWith('/sys/kernel/mm/damon')
        ? { ok: false, error: { errno: 'ENOENT', call: path } }
        : host.files.status(path),
  }),
});

test('a kernel without DAMON is watched by soft-dirty bits; what is only read looks sparse there', async () => {
  const { account, drawn } = await probed({}, { changeHost: noDamon });
  assert.match(account.notes.join('\n'), /soft-dirty bits, which show writes only: no .*CONFIG_DAMON_SYSFS/);
  assert.equal(drawn, '0×8');
});

const noSoftDirty = (host: Host): Host => ({
  ...host,
  files: withMethods(host.files, {
    readText: (path: string) => {
      const text = host.files.readText(path);
      return text.ok && path.endsWith('smaps') ? { ...text, value: text.value.replaceAll(' sd', '') } : text;
    },
  }),
});

test('without DAMON and without soft-dirty bits nothing is split, and that is counted', async () => {
  const { account, drawn, runs } = await probed({}, { changeHost: (host) => noSoftDirty(noDamon(host)) });
  assert.equal(drawn, 'H×8');
  assert.match(Object.keys(account.losses)[0], /CONFIG_DAMON_SYSFS.*CONFIG_MEM_SOFT_DIRTY/);
  assert.deepEqual(runs, []);
});

test('where DAMON is taken and there are no soft-dirty bits nothing is split either', async () => {
  const { account, drawn, runs } = await probed({}, { occupied: true, changeHost: noSoftDirty });
  assert.equal(drawn, 'H×8');
  assert.match(Object.keys(account.losses)[0], /DAMON is used by another Octavo.*CONFIG_MEM_SOFT_DIRTY/);
  assert.deepEqual(runs, []);
});

test('a DAMON that takes no virtual addresses is found out before anything is split', async () => {
  const physicalOnly = (host: Host): Host => ({
    ...noSoftDirty(host),
    files: withMethods(noSoftDirty(host).files, {
      writeKernelFile: (path: string, text: string) =>
        path.endsWith('/operations') && text.includes('fvaddr')
          ? { ok: false, error: { errno: 'EINVAL', call: `write ${path}` } }
          : host.files.writeKernelFile(path, text),
    }),
  });
  const { account, drawn, runs } = await probed({}, { changeHost: physicalOnly });
  assert.equal(drawn, 'H×8');
  assert.match(Object.keys(account.losses)[0], /DAMON does not watch here.*EINVAL/);
  assert.deepEqual(runs, []);
});

test('soft-dirty bits that may not be cleared are found out before anything is split', async () => {
  const closed = (host: Host): Host => ({
    ...host,
    files: withMethods(noDamon(host).files, {
      canWrite: (path: string) =>
        path.endsWith('clear_refs')
          ? { ok: false, error: { errno: 'EACCES', call: `open ${path}` } }
          : host.files.canWrite(path),
    }),
  });
  const { account, drawn } = await probed({}, { changeHost: closed });
  assert.equal(drawn, 'H×8');
  assert.match(Object.keys(account.losses)[0], /clear_refs: EACCES/);
});

const SPLITS = 'split split split split';
const COLLAPSES = 'collapse collapse collapse collapse';

test('every split and collapse is a run; one that was cut off in between can be taken back', async () => {
  const whole = await probed({ sampleBlocks: 8, restoreAll: true });
  assert.equal(whole.drawn, 'H×8');
  assert.equal(whole.runs.length, 4, 'two batches, split and put back');
  const journals = whole.runs.map((run) => readRun(whole.place, run));
  assert.deepEqual(
    journals.map((run) => run?.plan.steps.map(({ proposal }) => proposal.action).join(' ')),
    [SPLITS, COLLAPSES, SPLITS, COLLAPSES],
  );
  assert.deepEqual(
    journals.map((run) => run?.plan.undoes),
    [undefined, whole.runs[0], undefined, whole.runs[2]],
  );
  assert.ok(journals.every((run) => run?.records.some(({ kind }) => kind === 'end')));
  const killed = await probed(
    { sampleBlocks: 4, restoreAll: true },
    { hands: { collapse: async () => undefined } },
  );
  assert.equal(killed.drawn.includes('0'), true);
  const terminal = terminalOn(killed.host);
  assert.equal(await terminal.run(['undo', killed.runs[0]]), 0, terminal.out() + terminal.err());
  assert.equal(killed.look(), 'H×8');
});

test('pressure in the middle of a window ends it: nothing is concluded, and what cannot be put back is told', async () => {
  let looks = 0;
  const pressure = () => (++looks > 2 ? 'memory is short' : undefined);
  const { account, drawn, pages } = await probed({ windowMs: 4000 }, { hands: { pressure } });
  assert.equal(pages.size, 0);
  assert.equal(drawn.replace(/[^0H]/g, '').includes('0'), true);
  const notes = account.notes.join('\n');
  assert.match(notes, /stopped after 0 of 8 huge pages: memory is short/);
  assert.match(notes, /4 probed huge pages stay split: memory is short/);
  assert.match(notes, /its cost: 4 splits .*; 4 stay split/);
  assert.deepEqual(account.losses, { 'huge pages whose watch was cut short': 4 });
});

test('a signal in the middle of a window puts back what is being watched', async () => {
  const stop = new AbortController();
  const interrupting = (host: Host): Host => ({
    ...host,
    clock: withMethods(host.clock, {
      sleep: (duration: number, signal?: AbortSignal) => {
        if (duration >= 400) stop.abort();
        return host.clock.sleep(duration, signal);
      },
    }),
  });
  const { drawn, pages } = await probed(
    { windowMs: 4000 },
    { changeHost: interrupting, signal: stop.signal },
  );
  assert.equal(drawn, 'H×8');
  assert.equal(pages.size, 0);
});

test('the sample is the bound for all processes together, however many there are', async () => {
  const { account } = await probed({ sampleBlocks: 2, restoreAll: true }, { processes: 5 });
  const splits = account.notes.map((note) => Number(/its cost: (\d+) splits/.exec(note)?.[1] ?? 0));
  assert.equal(
    splits.reduce((sum, count) => sum + count, 0),
    2,
  );
  assert.equal(account.losses['processes not probed: the sample was used up by others'], 3);
});

test('the interval holds the share, narrows with more trials, and closes when all were looked at', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 4, max: 50 }),
      (trials, part, times) => {
        const hits = Math.round(part * trials);
        const of = trials * times;
        const [low, high] = shareInterval(hits, trials, of);
        const [lower, higher] = shareInterval(hits * 4, trials * 4, of * 4);
        assert.ok(low >= 0 && high <= 1 && low <= hits / trials + 1e-12 && high >= hits / trials - 1e-12);
        assert.ok(higher - lower < high - low);
        assert.deepEqual(shareInterval(hits, trials, trials), [hits / trials, hits / trials]);
      },
    ),
  );
});

test('Wilson’s interval, as tabulated: 5 of 10 from a large population', () => {
  const [low, high] = shareInterval(5, 10, 1e9);
  assert.deepEqual([low.toFixed(3), high.toFixed(3)], ['0.237', '0.763']);
});
