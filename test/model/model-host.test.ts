// Octavo itself on the model: the same commands, sources, actuators and checks as on Linux.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PAGE_IS } from '../../src/host/host.js';
import { type ModelHost, type ModelHostOptions, modelHost } from '../../src/model/host/model-host.js';
import { fork } from '../../src/model/kernel/address-space/fork.js';
import { exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { processVmRead } from '../../src/model/kernel/advice/remote-read.js';
import { boot } from '../../src/model/kernel/boot.js';
import { DEFAULT_COSTS } from '../../src/model/kernel/state/costs.js';
import { RELEASES } from '../../src/model/kernel/state/options.js';
import { observe } from '../../src/verification/observe.js';
import { MIB } from '../../src/vocabulary/units.js';
import { terminalOn } from '../support/terminal.js';
import { advise, assertSound, type Fixture, fill, ordersAt, rollup } from './model-fixture.js';

interface Hosted extends Fixture {
  readonly host: ModelHost;
}

/** A model host with a victim of some huge blocks: every `dataEvery`-th page holds data. */
function hosted(
  blocks: number,
  dataEvery: number,
  options: ModelHostOptions = {},
  kernelOptions = {},
): Hosted {
  const kernel = boot({ memoryBytes: 512 * MIB, features: RELEASES['7.3'], ...kernelOptions });
  const host = modelHost(kernel, options);
  const process = spawn(kernel, { command: 'victim', userId: 0 });
  const base = mmap(kernel, process.mm!, { pages: blocks * kernel.geometry.pagesPerBlock }) as number;
  const made = { kernel, host, process, base };
  fill(made, base, blocks * kernel.geometry.pagesPerBlock, dataEvery);
  return made;
}

test('observe sees levels, orders, zero pages and holes as they are', async () => {
  const made = hosted(4, 1);
  const handle = made.host.calls.openProcess(made.process.pid);
  assert.ok(handle.ok);
  const answer = await made.host.calls.processMadvise(
    handle.value,
    [{ start: made.base, end: made.base + 1 }],
    'MADV_COLD',
  );
  assert.deepEqual(answer, { ok: true, value: 4096 });
  const { sizes } = observe(made.host, made.process.pid);
  assert.ok(sizes.ordersKnown);
  const row = [...sizes.blocks.block].indexOf(made.base / 512);
  assert.deepEqual([...sizes.blocks.level.slice(row, row + 4)], [1, 2, 2, 2]);
  assert.equal(sizes.blocks.pagesByOrder[row * sizes.blocks.orders], 512);
  assert.equal(sizes.blocks.pagesByOrder[(row + 1) * sizes.blocks.orders + 9], 512);
});

test('inspect, plan, apply and undo on a process that holds mostly zeroes', async () => {
  const made = hosted(8, 64);
  const before = rollup(made, 'Rss');
  const run = async (...words: string[]) => {
    const terminal = terminalOn(made.host);
    const code = await terminal.run(words);
    return { code, text: terminal.out() + terminal.err() };
  };
  const inspected = await run('inspect', String(made.process.pid), '--content', 'all');
  assert.equal(inspected.code, 0, inspected.text);
  const applied = await run('run', String(made.process.pid), '--policy', 'return-empty');
  assert.equal(applied.code, 0, applied.text);
  assert.equal(ordersAt(made), Array(8).fill('0 zx63').join(' '), applied.text);
  assert.equal(rollup(made, 'Rss'), before - 8 * 2048 + 8 * 32, applied.text);
  assertSound(made);
});

test('the clock runs only by waiting and by what calls cost', async () => {
  const made = hosted(1, 1);
  const before = made.host.clock.monotonicNs();
  await made.host.clock.sleep(1500);
  assert.equal(made.host.clock.monotonicNs() - before, 1.5e9);
  const wall = made.host.clock.wallMs();
  const handle = made.host.calls.openProcess(made.process.pid);
  assert.ok(handle.ok);
  const started = made.host.clock.monotonicNs();
  await made.host.calls.processMadvise(handle.value, [{ start: made.base, end: made.base + 1 }], 'MADV_COLD');
  const took = made.host.clock.monotonicNs() - started;
  // What a split takes was measured anew: 166–203 us of CPU time (costs.ts), 240–265 us by the clock before.
  const { splitFolio } = DEFAULT_COSTS;
  assert.ok(took >= splitFolio && took <= 1.2 * splitFolio, `a split took ${took} ns`);
  assert.ok(made.host.clock.wallMs() >= wall);
});

function splitsOf({ host }: Hosted): string | undefined {
  const vmstat = host.files.readText('/proc/vmstat');
  return vmstat.ok ? /^thp_split_pmd (\d+)$/m.exec(vmstat.value)?.[1] : undefined;
}

/** Reads pages through the host, as Octavo does. */
function contentOf({ host, process }: Hosted, start: number, end: number) {
  const opened = host.calls.openMemory(process.pid);
  assert.ok(opened.ok);
  const into = new Uint8Array((end - start) * 4096);
  const read = opened.value.read({ start, end }, into);
  opened.value.close();
  assert.ok(read.ok);
  return { bytes: read.value, into };
}

test('reading gives the content, the same after a split and a collapse', async () => {
  const made = hosted(1, 2);
  const bytes = () => {
    const read = contentOf(made, made.base, made.base + 512);
    assert.equal(read.bytes, 512 * 4096);
    return read.into;
  };
  const before = bytes();
  assert.ok(before.subarray(4096, 8192).every((byte) => byte === 0));
  assert.ok(before.subarray(0, 4096).some((byte) => byte !== 0));
  const handle = made.host.calls.openProcess(made.process.pid);
  assert.ok(handle.ok);
  await made.host.calls.processMadvise(handle.value, [{ start: made.base, end: made.base + 1 }], 'MADV_COLD');
  assert.deepEqual(bytes(), before);
  const range = [{ start: made.base, end: made.base + 512 }];
  await made.host.calls.processMadvise(handle.value, range, 'MADV_COLLAPSE');
  assert.deepEqual(bytes(), before);
});

test('reading ends at the first page that is not in memory and faults nothing in', () => {
  const made = hosted(2, 1);
  advise(made, made.base + 8, 4, 'MADV_DONTNEED');
  const before = rollup(made, 'Rss');
  assert.equal(contentOf(made, made.base, made.base + 512).bytes, 8 * 4096);
  assert.equal(contentOf(made, made.base + 8, made.base + 512).bytes, 0);
  assert.equal(contentOf(made, 1, 2).bytes, 0);
  assert.equal(rollup(made, 'Rss'), before);
  assert.equal(ordersAt(made), '9 -x4 9');
});

test('what a fork shares stays shared when it is read, and is copied when it is pinned', () => {
  const made = hosted(2, 1);
  const { child } = fork(made.kernel, made.process);
  assert.ok(child);
  const before = [ordersAt(made), rollup(made, 'Pss'), splitsOf(made)];
  assert.equal(contentOf(made, made.base, made.base + 1024).bytes, 1024 * 4096);
  assert.deepEqual([ordersAt(made), rollup(made, 'Pss'), splitsOf(made)], before);
  const into = new Uint8Array(512 * 4096);
  const range = { start: made.base, end: made.base + 512 };
  assert.equal(processVmRead(made.kernel, made.process.mm!, range, into), into.length);
  assert.equal(ordersAt(made), '0x512', 'the block is copied page by page');
  assert.equal(Number(rollup(made, 'Pss')) - Number(before[1]), 1024);
  assertSound(made);
});

test('memory of others is refused, memory of the ended reads as nothing', () => {
  const made = hosted(1, 1, { userId: 1000 });
  const refusal = made.host.calls.openMemory(made.process.pid);
  assert.ok(!refusal.ok && refusal.error.errno === 'EACCES');
  const own = hosted(1, 1);
  const opened = own.host.calls.openMemory(own.process.pid);
  assert.ok(opened.ok);
  exit(own.kernel, own.process);
  const read = opened.value.read({ start: own.base, end: own.base + 1 }, new Uint8Array(4096));
  assert.deepEqual(read, { ok: true, value: 0 });
  const gone = own.host.calls.openMemory(own.process.pid);
  assert.ok(!gone.ok && gone.error.errno === 'ENOENT');
});

test('PAGEMAP_SCAN: huge, zero and present pages; unknown categories are refused by older kernels', () => {
  const made = hosted(2, 1);
  const scan = (mask: number, report: number) =>
    made.host.calls.scanPagemap(made.process.pid, {
      range: { start: made.base, end: made.base + 1024 },
      inverted: 0,
      mask,
      anyOf: 0,
      report,
    });
  const huge = scan(PAGE_IS.HUGE, PAGE_IS.HUGE | PAGE_IS.PRESENT);
  assert.ok(huge.ok);
  assert.deepEqual(
    [huge.value.count, huge.value.starts[0], huge.value.ends[0]],
    [1, made.base, made.base + 1024],
  );
  assert.equal(huge.value.categories[0], PAGE_IS.HUGE | PAGE_IS.PRESENT);
  assert.ok(scan(0, PAGE_IS.ACCESSED).ok);
  const older = hosted(1, 1, {}, { features: RELEASES['7.2'] });
  const range = { start: older.base, end: older.base + 512 };
  const refused = older.host.calls.scanPagemap(older.process.pid, {
    range,
    inverted: 0,
    mask: 0,
    anyOf: 0,
    report: PAGE_IS.ACCESSED,
  });
  assert.ok(!refused.ok && refused.error.errno === 'EINVAL');
  const all = 0xff;
  const seen = older.host.calls.scanPagemap(older.process.pid, {
    range,
    inverted: 0,
    mask: PAGE_IS.PRESENT,
    anyOf: 0,
    report: all,
  });
  assert.ok(seen.ok);
  assert.equal(seen.value.categories[0], 0xca, 'as 7.2 answers for a THP');
});

test('an unprivileged user sees no frames, and may not advise', async () => {
  const made = hosted(1, 1, { userId: 1000 });
  const { files, calls } = made.host;
  const errno = (answer: { ok: boolean; error?: { errno: string } }) =>
    answer.ok ? undefined : answer.error!.errno;
  assert.equal(errno(files.readText(`/proc/${made.process.pid}/smaps`) as never), 'EACCES');
  assert.equal(errno(files.open('/proc/kpageflags') as never), 'EACCES');
  assert.equal(errno(files.canWrite('/sys/kernel/mm/transparent_hugepage/enabled') as never), 'EACCES');
  const handle = calls.openProcess(made.process.pid);
  assert.ok(handle.ok);
  const range = [{ start: made.base, end: made.base + 1 }];
  assert.equal(errno((await calls.processMadvise(handle.value, range, 'MADV_COLD')) as never), 'EACCES');
  const own = made.host.files.open('/proc/self/pagemap');
  assert.ok(own.ok);
});

test('kernel files refuse as Linux does', () => {
  const { host } = hosted(1, 1);
  const errno = (answer: { ok: boolean }) =>
    answer.ok ? undefined : (answer as never as { error: { errno: string } }).error.errno;
  const thp = '/sys/kernel/mm/transparent_hugepage';
  assert.equal(errno(host.files.writeKernelFile(`${thp}/enabled`, 'sometimes')), 'EINVAL');
  assert.equal(errno(host.files.writeKernelFile(`${thp}/khugepaged/max_ptes_none`, '512')), 'EINVAL');
  assert.equal(errno(host.files.writeKernelFile(`${thp}/khugepaged/pages_to_scan`, '0')), 'EINVAL');
  assert.equal(errno(host.files.writeKernelFile(`${thp}/hpage_pmd_size`, '1')), 'EACCES');
  assert.equal(errno(host.files.readText(`${thp}/nothing`)), 'ENOENT');
  assert.equal(errno(host.files.readText(thp)), 'EISDIR');
  assert.equal(errno(host.files.writeKernelFile(`${thp}/enabled`, 'madvise\n')), undefined);
  assert.deepEqual(host.files.readText(`${thp}/enabled`), { ok: true, value: 'always [madvise] never\n' });
});

test('ordinary files live in memory: exclusive creation, appends, removal', () => {
  const { host } = hosted(1, 1);
  const errno = (answer: { ok: boolean }) =>
    answer.ok ? undefined : (answer as never as { error: { errno: string } }).error.errno;
  const directory = host.identity.stateDirectory;
  assert.equal(errno(host.files.createExclusive(`${directory}/lock`, 'x')), 'ENOENT');
  assert.ok(host.files.makeDirectory(directory).ok);
  assert.ok(host.files.createExclusive(`${directory}/lock`, 'x').ok);
  assert.equal(errno(host.files.createExclusive(`${directory}/lock`, 'x')), 'EEXIST');
  const journal = host.files.appendTo(`${directory}/journal`);
  assert.ok(journal.ok);
  journal.value.append('one\n');
  journal.value.append('two\n');
  assert.deepEqual(host.files.readText(`${directory}/journal`), { ok: true, value: 'one\ntwo\n' });
  assert.deepEqual([...(host.files.list(directory) as unknown as { value: string[] }).value].sort(), [
    'journal',
    'lock',
  ]);
  assert.ok(host.files.remove(`${directory}/lock`).ok);
  assert.equal(errno(host.files.readText(`${directory}/lock`)), 'ENOENT');
});
