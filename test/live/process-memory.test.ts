/** Reading a live process's memory: what is there comes back, what is not there stays away, and nobody waits. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import type { ProcessMemory } from '../../src/host/host.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';
import { skipUnlessLive } from './abilities.js';
import { blocksOf } from './page-truth.js';
import { WorkloadClient, WorkloadRefusal } from './workload-client.js';

describe('memory of a live process', { skip: skipUnlessLive() }, () => {
  const host = linuxHost();
  const { pageBytes, blockBytes } = host.identity.geometry;
  const perBlock = blockBytes / pageBytes;
  let workload: WorkloadClient;
  let memory: ProcessMemory;

  before(async () => {
    workload = await WorkloadClient.start();
    const opened = host.calls.openMemory(workload.pid);
    assert.ok(opened.ok);
    memory = opened.value;
  });

  after(async () => {
    memory?.close();
    await workload?.end();
  });

  const map = (name: string, blocks: number) =>
    workload.ask('map', { name, bytes: blocks * blockBytes, huge: 'never' });

  function read(region: MapAnswer, from: number, pages: number, into = new Uint8Array(pages * pageBytes)) {
    const start = region.firstPage + from;
    const answer = memory.read({ start, end: start + pages }, into);
    assert.ok(answer.ok, answer.ok ? '' : `${answer.error.errno} for ${answer.error.call}`);
    return { bytes: answer.value, into };
  }

  it('brings what each page holds, over more pages than one read takes', async () => {
    const region = await map('data', 3);
    await workload.ask('fill', { name: 'data', pattern: { all: true } });
    await workload.ask('zero', { name: 'data', from: 7, pages: 2 });
    const { bytes, into } = read(region, 0, 3 * perBlock);
    assert.equal(bytes, region.bytes);
    const holds = (page: number) =>
      into.subarray(page * pageBytes, (page + 1) * pageBytes).some((byte) => byte !== 0);
    const zero = Array.from({ length: region.pages }, (_, page) => page).filter((page) => !holds(page));
    assert.deepEqual(zero, [7, 8]);
    const again = read(region, 6, 3);
    assert.deepEqual(again.into, into.subarray(6 * pageBytes, 9 * pageBytes));
  });

  it('ends before the first page that is not there and leaves it away', async () => {
    const region = await map('holes', 2);
    await workload.ask('touch', { name: 'holes', pages: 5, write: true });
    await workload.ask('touch', { name: 'holes', from: 8, pages: 1, write: true });
    assert.equal(read(region, 0, region.pages).bytes, 5 * pageBytes);
    assert.equal(read(region, 5, 10).bytes, 0);
    assert.equal(read(region, 8, 1).bytes, pageBytes);
    const present = blocksOf(workload.pid, region).flatMap(({ frames }) =>
      frames.filter((frame) => frame > 0),
    );
    assert.equal(present.length, 6, 'a read brought pages in');
  });

  it('never reads more than there is room for', async () => {
    const region = await map('room', 1);
    await workload.ask('touch', { name: 'room', write: true });
    assert.equal(read(region, 0, perBlock, new Uint8Array(3 * pageBytes)).bytes, 3 * pageBytes);
    assert.equal(read(region, 0, 0).bytes, 0);
  });

  it('reads what the process may not read itself', async () => {
    const region = await map('closed', 1);
    await workload.ask('fill', { name: 'closed', pattern: { all: true } });
    await workload.ask('protect', { name: 'closed', access: 'none' });
    assert.equal(read(region, 0, perBlock).bytes, region.bytes);
  });

  it('does not wait for a userfault, nor stop at one that is not due', async (context) => {
    const region = await map('armed', 2);
    await workload.ask('touch', { name: 'armed', pages: perBlock, write: true });
    const refusal = await workload.ask('userfault', { name: 'armed' }).catch((problem) => problem);
    if (refusal instanceof WorkloadRefusal) return context.skip(refusal.message);
    assert.equal(read(region, 0, region.pages).bytes, blockBytes);
    assert.equal(read(region, perBlock, 1).bytes, 0);
    // Even where pagemap is not asked first the kernel does not make the reader wait.
    const opened = host.files.open(`/proc/${workload.pid}/mem`);
    assert.ok(opened.ok);
    const raw = opened.value.read(new Uint8Array(pageBytes), (region.firstPage + perBlock) * pageBytes);
    opened.value.close();
    assert.equal(raw.ok ? raw.value : raw.error.errno, 'EIO');
  });

  it('guard pages end a read', async (context) => {
    const region = await map('guarded', 1);
    await workload.ask('touch', { name: 'guarded', write: true });
    const asked = { name: 'guarded', from: 4, pages: 2, advice: 'MADV_GUARD_INSTALL' } as const;
    const refusal = await workload.ask('advise', asked).catch((problem) => problem);
    if (refusal instanceof WorkloadRefusal) return context.skip(refusal.message);
    assert.equal(read(region, 0, perBlock).bytes, 4 * pageBytes);
    assert.equal(read(region, 6, 2).bytes, 2 * pageBytes);
  });

  it('a process that ended reads as nothing, and opens no more', async () => {
    const other = await WorkloadClient.start();
    const region = await other.ask('map', { name: 'ending', bytes: blockBytes, populate: true });
    const opened = host.calls.openMemory(other.pid);
    assert.ok(opened.ok);
    await other.kill();
    const range = { start: region.firstPage, end: region.firstPage + 1 };
    const late = opened.value.read(range, new Uint8Array(pageBytes));
    opened.value.close();
    assert.deepEqual(late, { ok: true, value: 0 });
    const gone = host.calls.openMemory(other.pid);
    assert.equal(gone.ok ? 'opened' : gone.error.errno, 'ENOENT');
    assert.equal(gone.ok ? '' : gone.error.call, `open /proc/${other.pid}/mem`);
  });

  it('leaves no descriptor open where pagemap or mem is refused', () => {
    const before = openFiles();
    for (let attempt = 0; attempt < 5; attempt++) host.calls.openMemory(2 ** 30);
    assert.equal(openFiles(), before);
  });

  function openFiles(): number {
    const listed = host.files.list('/proc/self/fd');
    assert.ok(listed.ok);
    return listed.value.length;
  }
});
