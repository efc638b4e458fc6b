import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { skipUnlessLive } from './abilities.js';
import { WorkloadClient, WorkloadRefusal } from './workload-client.js';

const MIB = 2 ** 20;
const loads = await WorkloadClient.start().then(
  async (client) => {
    await client.end();
    return false as const;
  },
  (problem: Error) => problem.message,
);

describe('workload', { skip: loads }, () => {
  let workload: WorkloadClient;
  before(async () => {
    workload = await WorkloadClient.start();
  });
  after(() => workload.end());

  it('maps aligned memory in a mapping of its own', async () => {
    const region = await workload.ask('map', { name: 'own', bytes: 8 * MIB, huge: 'never' });
    assert.equal(Number(region.address) % region.blockBytes, 0);
    assert.equal(region.bytes, 8 * MIB);
    const start = region.address.slice(2);
    const line = readFileSync(`/proc/${workload.pid}/maps`, 'latin1')
      .split('\n')
      .find((text) => text.includes(`${start}-`));
    assert.match(line ?? '', new RegExp(`^${start}-${(Number(region.address) + 8 * MIB).toString(16)} rw-p`));
  });

  it('finds one changed byte, one lost page and one page that should be zero', async () => {
    const region = await workload.ask('map', { name: 'sum', bytes: 4 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'sum', pattern: { every: 8 } });
    const right = await workload.ask('checksum', { name: 'sum' });
    assert.deepEqual([right.intact, right.dataPages, right.wrongPages], [true, 128, 0]);
    assert.equal(right.checksum, right.expected);
    poke(workload.pid, Number(region.address) + 8 * region.pageBytes + 4000);
    const changed = await workload.ask('checksum', { name: 'sum' });
    assert.deepEqual([changed.intact, changed.wrongPages], [false, 1]);
    assert.notEqual(changed.checksum, changed.expected);
    assert.equal(changed.expected, right.expected);
    poke(workload.pid, Number(region.address) + 9 * region.pageBytes);
    const noise = await workload.ask('checksum', { name: 'sum' });
    assert.deepEqual(noise.firstWrong.map(firstWords), ['page 8', 'page 9']);
  });

  it('does not touch holes when it looks', async () => {
    const region = await workload.ask('map', { name: 'holes', bytes: 4 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'holes', pattern: { every: 512 } });
    const before = smapsRss(workload.pid, region.address);
    const answer = await workload.ask('checksum', { name: 'holes' });
    assert.equal(answer.intact, true);
    assert.equal(smapsRss(workload.pid, region.address), before);
    assert.equal(before, (2 * region.pageBytes) / 1024);
  });

  it('counts used pages per block as asked', async () => {
    const counts = [1, 512, 77];
    await workload.ask('map', { name: 'blocks', bytes: 6 * MIB, huge: 'never' });
    const filled = await workload.ask('fill', { name: 'blocks', pattern: { perBlock: counts } });
    assert.equal(filled.pages, 1 + 512 + 77);
  });

  it('reads and writes from threads, and counts what it wrote', async () => {
    await workload.ask('map', { name: 'busy', bytes: 4 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'busy', pattern: { share: 0.3 }, seed: 7 });
    const before = await workload.ask('checksum', { name: 'busy' });
    await workload.ask('start', { name: 'busy', readers: 1, writers: 2, restUs: 200 });
    await refusal('EBUSY', workload.ask('checksum', { name: 'busy' }));
    await new Promise((resolve) => setTimeout(resolve, 150));
    const report = await workload.ask('stop', { name: 'busy' });
    assert.equal(report.errors, 0, report.firstErrors.join('; '));
    assert.ok(report.reads > 0 && report.writes > 0);
    assert.ok(report.worstGapUs >= report.p99GapUs && report.p99GapUs >= report.p50GapUs);
    const after = await workload.ask('checksum', { name: 'busy' });
    assert.equal(after.intact, true);
    assert.notEqual(after.checksum, before.checksum);
  });

  it('notices in its threads that a page has been changed', async () => {
    const region = await workload.ask('map', { name: 'noticed', bytes: 2 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'noticed', pattern: { pages: [5] } });
    // Live word of page 5: (5 · 37 + 11) mod 1024.
    poke(workload.pid, Number(region.address) + 5 * region.pageBytes + 196 * 4);
    await workload.ask('start', { name: 'noticed', readers: 1, writers: 0 });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const report = await workload.ask('stop', { name: 'noticed' });
    assert.ok(report.errors > 0);
    assert.match(report.firstErrors[0], /page 5 word 196/);
  });

  it('takes MADV_DONTNEED and MADV_FREE into account', async () => {
    await workload.ask('map', { name: 'dropped', bytes: 2 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'dropped', pattern: { all: true } });
    await workload.ask('advise', { name: 'dropped', from: 0, pages: 10, advice: 'MADV_DONTNEED' });
    await workload.ask('advise', { name: 'dropped', from: 20, pages: 5, advice: 'MADV_FREE' });
    const answer = await workload.ask('checksum', { name: 'dropped' });
    assert.deepEqual([answer.intact, answer.dataPages, answer.lazyPages], [true, 497, 5]);
  });

  it('refuses what would end it, with the errno', async () => {
    await workload.ask('map', { name: 'guarded', bytes: 2 * MIB, huge: 'never' });
    await workload.ask('fill', { name: 'guarded', pattern: { all: true } });
    await workload.ask('protect', { name: 'guarded', from: 3, pages: 2, access: 'none' });
    await refusal('EACCES', workload.ask('touch', { name: 'guarded' }));
    const answer = await workload.ask('checksum', { name: 'guarded' });
    assert.deepEqual([answer.intact, answer.inaccessible], [true, 2]);
    await workload.ask('unmap', { name: 'guarded', from: 100, pages: 1 });
    assert.equal((await workload.ask('checksum', { name: 'guarded' })).inaccessible, 3);
    await refusal('EINVAL', workload.ask('touch', { name: 'guarded', from: 600 }));
    await refusal('ENOENT', workload.ask('checksum', { name: 'nowhere' }));
    await workload.ask('unmap', { name: 'guarded' });
    await refusal('ENOENT', workload.ask('checksum', { name: 'guarded' }));
  });

  it('holds file memory as well', async () => {
    for (const kind of ['memfd', 'tmpfs'] as const) {
      await workload.ask('map', { name: kind, bytes: 2 * MIB, kind });
      await workload.ask('fill', { name: kind, pattern: { every: 4 } });
      assert.equal((await workload.ask('checksum', { name: kind })).intact, true);
    }
  });

  it('forks a child that shares its memory, sleeps and can be reaped', async () => {
    const { pid } = await workload.ask('fork', {});
    assert.match(readFileSync(`/proc/${pid}/status`, 'latin1'), new RegExp(`PPid:\\s*${workload.pid}`));
    await workload.ask('reap', { pid });
    assert.throws(() => readFileSync(`/proc/${pid}/status`), { code: 'ENOENT' });
  });
});

describe('workload that ends', { skip: loads }, () => {
  it('ends when its input closes', async () => {
    const workload = await WorkloadClient.start();
    await workload.end();
    assert.throws(() => process.kill(workload.pid, 0), { code: 'ESRCH' });
  });

  it('takes its forked child along even when it is killed', async () => {
    const workload = await WorkloadClient.start();
    const { pid } = await workload.ask('fork', {});
    await until(() => sleeping(pid));
    const answer = workload.ask('checksum', { name: 'x' });
    await Promise.all([workload.kill(), assert.rejects(answer)]);
    await until(() => !alive(pid));
  });
});

describe('workload on huge pages', { skip: skipUnlessLive() }, () => {
  it('owns huge pages, and splits and collapses its own memory without losing a byte', async () => {
    const workload = await WorkloadClient.start();
    try {
      const region = await workload.ask('map', {
        name: 'huge',
        bytes: 16 * MIB,
        huge: 'advise',
        populate: true,
      });
      await workload.ask('fill', { name: 'huge', pattern: { every: 10 } });
      assert.equal(anonHuge(workload.pid, region.address), 16_384);
      await workload.ask('start', { name: 'huge', readers: 1, writers: 1, restUs: 100 });
      await workload.ask('advise', { name: 'huge', from: 512, pages: 512, advice: 'MADV_COLD' });
      await workload.ask('advise', { name: 'huge', from: 512, pages: 1, advice: 'MADV_COLD' });
      const report = await workload.ask('stop', { name: 'huge' });
      assert.equal(report.errors, 0, report.firstErrors.join('; '));
      assert.equal(anonHuge(workload.pid, region.address), 14_336);
      assert.equal((await workload.ask('checksum', { name: 'huge' })).intact, true);
      await workload.ask('advise', { name: 'huge', from: 512, pages: 512, advice: 'MADV_COLLAPSE' });
      assert.equal(anonHuge(workload.pid, region.address), 16_384);
      assert.equal((await workload.ask('checksum', { name: 'huge' })).intact, true);
    } finally {
      await workload.end();
    }
  });
});

async function refusal(errno: string, answer: Promise<unknown>): Promise<void> {
  await assert.rejects(answer, (problem) => problem instanceof WorkloadRefusal && problem.errno === errno);
}

/** Changes one byte of another process's memory behind its back. */
function poke(pid: number, address: number): void {
  const memory = openSync(`/proc/${pid}/mem`, 'r+');
  try {
    writeSync(memory, Uint8Array.of(0xa5), 0, 1, address);
  } finally {
    closeSync(memory);
  }
}

function smapsRss(pid: number, address: string): number {
  return smapsField(pid, address, 'Rss');
}

function anonHuge(pid: number, address: string): number {
  return smapsField(pid, address, 'AnonHugePages');
}

it('a question to a workload that has ended is refused at once', { skip: loads }, async () => {
  const workload = await WorkloadClient.start();
  await workload.kill();
  await assert.rejects(workload.ask('map', { name: 'late', bytes: 4096 }), /the workload ended \(SIGKILL\)/);
});

/** A field of one mapping in kB. */
function smapsField(pid: number, address: string, field: string): number {
  const text = readFileSync(`/proc/${pid}/smaps`, 'latin1');
  const entry = text.slice(text.indexOf(`${address.slice(2)}-`));
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(entry)?.[1]);
}

function firstWords(text: string): string {
  return text.split(' ').slice(0, 2).join(' ');
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

function sleeping(pid: number): boolean {
  return /^State:\s*S/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
}

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 3000 && !condition(); turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(condition());
}
