import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf } from '../../test/support/perf-rows.js';
import fc from '../../test/support/properties.js';
import type { Host } from '../host/host.js';
import { linuxHost } from '../host/linux/linux-host.js';
import { OctavoError } from '../vocabulary/errors.js';
import { NO_PAGE, SAMPLE_FLAG, type SampleOrigin, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { FrameIndex, RunList } from './frame-runs.js';
import { ResolvedSource } from './resolved.js';
import { Resolver } from './resolver.js';
import type { Source, SourceContext } from './source.js';

const PRESENT = 1n << 63n;

/** pagemap bytes of pages 0…, a frame each, 0 for a page that is not present. */
function pagemap(frames: readonly number[]): Uint8Array {
  const entries = BigUint64Array.from(frames, (frame) => (frame === 0 ? 0n : PRESENT | BigInt(frame)));
  return new Uint8Array(entries.buffer);
}

function hostWith(
  processes: Readonly<Record<number, readonly number[]>>,
): Host & { change(pid: number, frames: number[]): void } {
  const files: Record<string, Uint8Array> = {};
  const change = (pid: number, frames: readonly number[]) => {
    const end = (frames.length * 4096).toString(16).padStart(8, '0');
    files[`/proc/${pid}/maps`] = new TextEncoder().encode(`00000000-${end} rw-p 00000000 00:00 0 \n`);
    files[`/proc/${pid}/pagemap`] = pagemap(frames);
  };
  for (const [pid, frames] of Object.entries(processes)) change(Number(pid), frames);
  const host = hostOf(files);
  const reading = {
    ...host.files,
    readText: (path: string) => ({ ok: true as const, value: new TextDecoder().decode(files[path]) }),
  };
  return { ...host, files: reading, identity: { geometry: GEOMETRY_4K }, change } as never;
}

test('frames are found at their pages, in runs and scattered', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 200 }), (frames) => {
      const runs = new RunList();
      frames.forEach((frame, page) => {
        runs.add(page, frame);
      });
      const index = new FrameIndex([runs]);
      for (let frame = 0; frame < 502; frame++) assert.equal(index.find(frame), frames.indexOf(frame));
    }),
  );
});

test('a frame mapped twice is answered once and counted', () => {
  const runs = new RunList();
  for (const page of [10, 11, 12]) runs.add(page, 90 + page);
  for (const page of [40, 41]) runs.add(page, 61 + page);
  const index = new FrameIndex([runs]);
  assert.deepEqual(
    [index.find(100), index.find(101), index.find(102), index.find(103)],
    [10, 11, 12, NO_PAGE],
  );
  assert.equal(index.aliases, 2);
});

test('several processes: the sample’s own first, else the first target; what nobody maps is counted', () => {
  const resolver = new Resolver(hostWith({ 7: [5, 6, 0, 8], 9: [20, 6] }));
  resolver.build([7, 9]);
  assert.deepEqual(resolver.resolve(20, -1), { pid: 9, page: 0 });
  assert.deepEqual(resolver.resolve(6, 9), { pid: 9, page: 1 });
  assert.deepEqual(resolver.resolve(6, -1), { pid: 7, page: 1 });
  assert.equal(resolver.resolve(7, 7), undefined);
  assert.deepEqual(
    [resolver.resolved, resolver.shared, resolver.unresolved],
    [3, 2, { 'frame is mapped by no target': 1 }],
  );
});

test('a refresh sees pages that moved', () => {
  const host = hostWith({ 7: [5, 6] });
  const resolver = new Resolver(host);
  resolver.build([7]);
  host.change(7, [5, 66, 67]);
  assert.equal(resolver.resolve(66, 7), undefined);
  assert.equal(resolver.refresh(16_384), 16_384);
  assert.deepEqual(resolver.resolve(66, 7), { pid: 7, page: 1 });
  assert.equal(resolver.resolve(6, 7), undefined);
});

test('hidden frame numbers are a lack of permission, not an empty answer', () => {
  const resolver = new Resolver(hostWith({ 7: [0] }));
  const hidden = hostWith({ 7: [0] });
  hidden.files.open('/proc/7/pagemap');
  assert.doesNotThrow(() => resolver.build([7]));
  const zeroFrames = new Resolver({
    ...hidden,
    files: { ...hidden.files, open: () => ({ ok: true, value: zeroFrameFile() }) },
  } as never);
  assert.throws(
    () => zeroFrames.build([7]),
    (problem) => problem instanceof OctavoError && problem.code === 'PERMISSION',
  );
});

/** Present pages whose frames read as zero, as the kernel shows them without CAP_SYS_ADMIN. */
function zeroFrameFile() {
  return {
    path: 'pagemap',
    read: (into: Uint8Array) => {
      into.fill(0);
      for (let at = 7; at < into.length; at += 8) into[at] = 0x80;
      return { ok: true, value: into.length };
    },
    close: () => {},
  };
}

test('only rows without a virtual page are resolved, and guests never are', async () => {
  const batch = sampleColumns(4);
  batch.count = 3;
  batch.pid.set([7, 7, 7]);
  batch.virtualPage.set([NO_PAGE, 77, 1234]);
  batch.physicalPage.set([6, 5, 5]);
  batch.flags.set([0, 0, SAMPLE_FLAG.guest]);
  const inner: Source = {
    name: 'drawn',
    origin: {} as SampleOrigin,
    async *read() {
      yield { kind: 'samples', batch };
    },
    account: () => ({ losses: {}, bytesRead: 0, notes: [] }),
  };
  const host = hostWith({ 7: [5, 6] });
  const source = new ResolvedSource(inner, () => {
    const resolver = new Resolver(host);
    resolver.build([7]);
    return resolver;
  });
  for await (const _ of source.read({ host } as unknown as SourceContext)) {
    assert.deepEqual([...batch.virtualPage.subarray(0, 3)], [1, 77, NO_PAGE]);
  }
  assert.deepEqual(source.account().losses, { 'not resolved: access of a guest': 1 });
});

test('frames of this very process resolve to where its memory is', (context) => {
  const host = linuxHost();
  const resolver = new Resolver(host);
  try {
    resolver.build([process.pid]);
  } catch (problem) {
    assert.ok(problem instanceof OctavoError);
    context.skip(`frame numbers are hidden here: ${problem.message}`);
    return;
  }
  const maps = host.files.readText('/proc/self/maps');
  assert.ok(maps.ok);
  const heap = /^([0-9a-f]+)-[0-9a-f]+ rw-p .*\[heap\]$/m.exec(maps.value);
  assert.ok(heap !== null);
  const page = Number.parseInt(heap[1], 16) / host.identity.geometry.pageBytes;
  const pagemapFile = host.files.open('/proc/self/pagemap');
  assert.ok(pagemapFile.ok);
  const entry = new Uint8Array(8);
  pagemapFile.value.read(entry, page * 8);
  pagemapFile.value.close();
  const frame = Number(new DataView(entry.buffer).getBigUint64(0, true) & ((1n << 55n) - 1n));
  assert.deepEqual(resolver.resolve(frame, process.pid), { pid: process.pid, page });
  assert.notEqual(resolver.orderOf(frame), undefined);
});
