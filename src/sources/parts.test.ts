import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Folio, tablesHost } from '../../test/support/frame-tables.js';
import { PID } from '../../test/support/scripted-host.js';
import { KPF } from '../formats/proc/kpageflags.js';
import { NO_PAGE, SAMPLE_FLAG, sampleColumns } from '../vocabulary/sample.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { ByteQueue } from './byte-queue.js';
import { FrameFacts } from './frame-facts.js';
import { FrameIndex, RunList } from './frame-runs.js';
import { shareInterval } from './probe/estimate.js';
import { nextPeriod } from './rate-control.js';
import { blockHeat } from './region-heat.js';
import { BatchResolver, ResolvedSource, resolvedLines } from './resolved.js';
import { Resolver } from './resolver.js';
import { SameAccess } from './same-access.js';
import type { Source, SourceContext } from './source.js';

async function* chunks(...sizes: number[]): AsyncGenerator<Uint8Array> {
  let next = 0;
  for (const size of sizes) yield Uint8Array.from({ length: size }, () => next++ & 255);
}

test('bytes of a stream come in portions of any size, none lost, and its head is kept', async () => {
  const queue = new ByteQueue(chunks(3, 0, 5, 2));
  assert.deepEqual([...(await queue.take(2))], [0, 1]);
  assert.deepEqual([...(await queue.take(6, 2))], [0, 1, 2, 3, 4, 5]);
  const room = new Uint8Array(9);
  assert.equal(await queue.into(room, 1), 1);
  assert.equal(await queue.into(room, 9), 1);
  assert.deepEqual([...room.subarray(0, 1)], [7]);
  assert.equal(queue.taken, 8);
  assert.deepEqual([...(await queue.rest(9))], [8, 9]);
  assert.equal(await queue.into(room, 9), 0);
  assert.equal(queue.taken, 10);
  assert.equal((await new ByteQueue(chunks(3)).take(5)).length, 3);
});

test('the rest of a stream ends at its limit, however large it is', async () => {
  const large = [1 << 16, 1 << 16, 5];
  const all = await new ByteQueue(chunks(...large)).rest(1 << 20);
  assert.equal(all.length, (1 << 17) + 5);
  assert.ok(all.every((byte, at) => byte === (at & 255)));
  const queue = new ByteQueue(chunks(...large));
  const cut = await queue.rest((1 << 16) + 7);
  assert.deepEqual([cut.length, queue.taken, cut.at(-1)], [(1 << 16) + 7, (1 << 16) + 7, 6]);
});

test('a stream that is no longer wanted is told so', async () => {
  let ended = false;
  async function* stream() {
    try {
      yield new Uint8Array(4);
      yield new Uint8Array(4);
    } finally {
      ended = true;
    }
  }
  const queue = new ByteQueue(stream());
  await queue.take(1);
  await queue.close();
  assert.equal(ended, true);
  assert.equal(await queue.into(new Uint8Array(4), 4), 0, 'and what was left of it is dropped');
  const bare = {
    [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true as const, value: undefined }) }),
  };
  await new ByteQueue(bare).close();
});

test('the period follows the share of the bound, by at most its step, and shrinks only below half of it', () => {
  const next = (share: number, lost = 0, period = 1000) => nextPeriod(period, 256, { share, lost }, 0.1);
  assert.deepEqual(
    [0.1, 0.05, 0.075].map((share) => next(share)),
    [1000, 1000, 1000],
  );
  assert.deepEqual([next(0.2), next(0.15), next(5), next(0.1001)], [2000, 1500, 8000, 1001]);
  assert.ok(Math.abs(next(0.0375) - 500) <= 1);
  assert.deepEqual([next(0), next(0, 0, 2000)], [256, 256]);
  assert.equal(next(0, 0, 80_000), 10_000);
  assert.ok(Math.abs(next(0.049, 0, 3000) - 1960) <= 1);
  assert.deepEqual([next(0, 1), next(0.3, 1), next(9, 1)], [2000, 3000, 8000]);
});

test('one access counts once though two events sampled it, and two accesses twice', () => {
  const row = (one: { time?: number; low?: number; high?: number; tid?: number; event: number }) => {
    const words = () => new Uint32Array(1);
    const batch = {
      ...sampleColumns(1),
      ...{
        capacity: 1,
        addressLow: words(),
        addressHigh: words(),
        physicalLow: words(),
        physicalHigh: words(),
      },
      ...{ latency: words(), event: new Uint16Array(1) },
    };
    batch.time[0] = one.time ?? 5;
    batch.addressLow[0] = one.low ?? 6;
    batch.addressHigh[0] = one.high ?? 7;
    batch.tid[0] = one.tid ?? 8;
    batch.event[0] = one.event;
    return batch;
  };
  const same = new SameAccess();
  assert.equal(same.repeats(row({ event: 0 }), 0), false);
  assert.equal(same.repeats(row({ event: 1 }), 0), true);
  assert.equal(same.repeats(row({ event: 0 }), 0), false, 'one event may see a loop');
  for (const other of [{ time: 9 }, { low: 9 }, { high: 9 }, { tid: 9 }]) {
    const fresh = new SameAccess();
    fresh.repeats(row({ event: 0 }), 0);
    assert.equal(fresh.repeats(row({ ...other, event: 1 }), 0), false, JSON.stringify(other));
  }
});

function framesHost(folios: readonly (readonly [number, Folio])[], more: object = {}) {
  return tablesHost({
    mappings: [],
    entries: new Map(),
    folios: new Map(folios),
    counts: new Map(),
    ...more,
  });
}

test('what a frame is used for and the order of its folio, read once for each window', () => {
  const huge = Array.from({ length: 512 }, (_, at) => [1024 + at, { head: 1024, order: 9 }] as const);
  const zero = { head: 600, order: 0, zero: true };
  const told = framesHost([
    ...huge,
    [5, { head: 5, order: 0 }],
    [600, zero],
    [7, { head: 7, order: 0, anon: false }],
  ]);
  const facts = new FrameFacts(told.host);
  assert.deepEqual(
    [5, 1024, 1535, 600].map((frame) => facts.orderOf(frame)),
    [0, 9, 9, undefined],
  );
  assert.equal(facts.useOf(5), 'anonymous memory of another process');
  assert.equal(facts.useOf(7), 'file memory that no target maps');
  assert.equal(facts.useOf(6), 'frame is beyond this machine’s memory');
  assert.equal(facts.useOf(600), 'kernel memory');
  assert.equal(told.reads.length, 3);
  facts.forget();
  facts.orderOf(5);
  assert.equal(told.reads.length, 4);
  facts.close();
  facts.close();
  assert.deepEqual(told.closed, ['/proc/kpageflags']);
  const cut = new FrameFacts(
    framesHost([[5, { head: 5, order: 0 }]], { ends: { '/proc/kpageflags': 40 } }).host,
  );
  assert.deepEqual(
    [cut.orderOf(4), cut.orderOf(5), cut.useOf(5)],
    [0, undefined, 'frame is beyond this machine’s memory'],
  );
  const hidden = new FrameFacts(framesHost([], { refused: { '/proc/kpageflags': 'EACCES' } }).host);
  assert.deepEqual([hidden.orderOf(5), hidden.useOf(5)], [undefined, 'frame is mapped by no target']);
});

test('each use by its flag', () => {
  const uses = (flags: number) => {
    const { host } = framesHost([]);
    const read = (into: Uint8Array) => {
      new DataView(into.buffer, into.byteOffset).setUint32(0, flags, true);
      return { ok: true as const, value: 8 };
    };
    const open = (path: string) => ({ ok: true as const, value: { path, read, close: () => undefined } });
    return new FrameFacts({ ...host, files: { ...host.files, open } }).useOf(0);
  };
  assert.equal(uses(KPF.BUDDY), 'frame is free by now');
  for (const flag of [KPF.LRU, KPF.MMAP, KPF.UNEVICTABLE])
    assert.equal(uses(flag), 'file memory that no target maps');
  assert.equal(uses(KPF.SLAB), 'kernel memory');
});

test('runs grow beyond their first room, and frames of any size are in order', () => {
  const runs = new RunList();
  for (let at = 0; at < 500; at++) runs.add(10 * at, (499 - at) * 3_000_000_000 + 7);
  const index = new FrameIndex([runs]);
  assert.equal(index.runs, 500);
  for (let at = 0; at < 500; at++) {
    const frame = (499 - at) * 3_000_000_000 + 7;
    assert.deepEqual(
      [index.find(frame), index.find(frame + 1), index.find(frame - 1)],
      [10 * at, NO_PAGE, NO_PAGE],
    );
  }
});

/** A process that maps two folios, and a frame that it does not map. */
function resolving(refused = {}) {
  const entries = new Map([
    ...Array.from({ length: 512 }, (_, at) => [512 + at, { frame: 1024 + at }] as const),
    [2000, { frame: 77 }],
    [2001, { frame: 64 }],
    [2002, { frame: 5000 }],
  ]);
  const folios = new Map<number, Folio>([
    ...Array.from({ length: 512 }, (_, at) => [1024 + at, { head: 1024, order: 9 }] as const),
    [77, { head: 77, order: 0 }],
    ...Array.from({ length: 8 }, (_, at) => [64 + at, { head: 64, order: 3 }] as const),
    [99, { head: 99, order: 0 }],
    [5000, { head: 5000, order: 0, zero: true }],
  ]);
  const mappings = [{ start: 512, end: 2048 }];
  return tablesHost({ mappings, entries, folios, counts: new Map(), refused });
}

const batchOf = (rows: readonly { page?: number; frame?: number; flags?: number }[]) => {
  const batch = sampleColumns(rows.length);
  for (const [row, { page = NO_PAGE, frame = NO_PAGE, flags = 0 }] of rows.entries()) {
    batch.virtualPage[row] = page;
    batch.physicalPage[row] = frame;
    batch.flags[row] = flags;
    batch.pid[row] = 3;
  }
  batch.count = rows.length;
  return batch;
};

test('physical addresses get their pages, and the size of their folio is counted', async () => {
  const { host, closed } = resolving();
  const batch = batchOf([{ frame: 1030 }, { frame: 77 }, { frame: 64 }, { frame: 5000 }, { frame: 99 }, { page: 4, frame: 77 }, { page: 9, frame: 8, flags: SAMPLE_FLAG.guest }, { page: 9, flags: SAMPLE_FLAG.guest }, {}]); // biome-ignore format: rows
  const inner = {
    name: 'inner',
    origin: { source: 'inner' },
    account: () => ({ losses: { lost: 1 }, bytesRead: 5, notes: ['a note'] }),
    async *read() {
      yield { kind: 'samples', batch };
      yield { kind: 'range', range: { pid: 1, firstBlock: 1, blocks: 1 } };
    },
  } as unknown as Source;
  const source = new ResolvedSource(inner, ({ host: own }) => Resolver.of(own, [PID]));
  assert.deepEqual(source.account().notes, ['a note'], 'before anything was read');
  const kinds: string[] = [];
  for await (const { kind } of source.read({ host } as unknown as SourceContext)) kinds.push(kind);
  assert.deepEqual(kinds, ['samples', 'range']);
  assert.deepEqual([...batch.virtualPage], [518, 2000, 2001, 2002, NO_PAGE, 4, NO_PAGE, NO_PAGE, NO_PAGE]);
  assert.deepEqual([...batch.pid], [PID, PID, PID, PID, 3, 3, 3, 3, 3]);
  const { losses, notes, bytesRead } = source.account();
  assert.deepEqual(losses, {
    lost: 1,
    'not resolved: anonymous memory of another process': 1,
    'not resolved: access of a guest': 1,
  });
  assert.equal(bytesRead, 5);
  assert.deepEqual(notes, [
    'a note',
    '4 physical addresses resolved: 1 in PMD-sized folios, 1 in other large folios, 1 in single pages, 1 in folios of unknown size; 0 of memory that several targets map',
  ]);
  assert.ok(closed.includes('/proc/kpageflags'), 'what was opened is closed');
  assert.deepEqual([source.origin.source, source.origins().length, source.name], ['inner', 1, 'inner']);
  assert.deepEqual([source.settled(), source.provenance()], [undefined, undefined]);
});

test('a target that ends keeps what was known of it; lines say so', () => {
  const told = resolving();
  const files = { ...told.host.files };
  const resolver = Resolver.of({ ...told.host, files }, [PID]);
  const batches = new BatchResolver(resolver, GEOMETRY_4K.hugeOrder);
  files.readText = (path) => ({ ok: false, error: { errno: 'ESRCH', call: path } });
  for (let round = 0; round < 9; round++) batches.resolve(batchOf([{ frame: 77 }]));
  const { facts } = batches;
  assert.deepEqual([facts.ended, facts.targets, facts.resolved, facts.refreshedPages], [[PID], [PID], 9, 0]);
  const lines = resolvedLines({ ...facts, unresolved: { 'kernel memory': 2 } });
  assert.deepEqual(lines, [
    '9 physical addresses resolved: 0 in PMD-sized folios, 0 in other large folios, 9 in single pages; 0 of memory that several targets map',
    '2 physical addresses not resolved: kernel memory',
    `process ${PID} ended meanwhile; what it mapped last was used`,
  ]);
});

test('who may not look at a process is told what it needs; one that ended is gone', () => {
  for (const [path, errno, code] of [
    [`/proc/${PID}/maps`, 'EACCES', 'PERMISSION'],
    [`/proc/${PID}/pagemap`, 'EPERM', 'PERMISSION'],
    [`/proc/${PID}/pagemap`, 'ENOENT', 'TARGET_GONE'],
  ])
    assert.throws(() => Resolver.of(resolving({ [path]: errno }).host, [PID]), { code });
});

test('every resolver closes the tables that it reads', () => {
  const told = resolving();
  Resolver.of(told.host, [PID]);
  assert.deepEqual(told.closed, [`/proc/${PID}/pagemap`]);
});

test('regions become blocks by the share that they cover, and what says nothing is counted', () => {
  const losses = { idle: 0, impossible: 0, tooLarge: 0 };
  const block = GEOMETRY_4K.blockBytes;
  const region = (start: number, end: number, accesses: number) => ({
    ...{ target: '0', endNs: 1, age: 0 },
    start,
    end,
    accesses,
  });
  const regions = [
    region(block, 2 * block, 4),
    region(1.5 * block, 2.5 * block, 8),
    region(9 * block, 10 * block, 0),
    region(-1, block, 1),
    region(5, 5, 1),
    region(0, 2 ** 57 + block, 1),
    region(2 ** 57 - block, 2 ** 57, 1),
    region(2 ** 40, 2 ** 40 + 131_072 * block, 1),
    region(2 ** 50, 2 ** 50 + 131_073 * block, 1),
  ];
  const found = [...blockHeat(regions, GEOMETRY_4K, losses)];
  assert.deepEqual(found.slice(0, 2), [
    { block: 1, accesses: 8, times: 2 },
    { block: 2, accesses: 4, times: 1 },
  ]);
  assert.equal(found.length, 2 + 131_072 + 1);
  assert.deepEqual(found.at(-1), { block: 2 ** 36 - 1, accesses: 1, times: 1 });
  assert.deepEqual(losses, { idle: 1, impossible: 3, tooLarge: 1 });
});

test('an interval for a share ends where everything was seen, and at 0 and 1', () => {
  assert.deepEqual(shareInterval(3, 4, 4), [0.75, 0.75]);
  assert.deepEqual(shareInterval(1, 1, 1), [1, 1]);
  assert.equal(shareInterval(0, 5, 100)[0], 0);
  assert.equal(shareInterval(5, 5, 100)[1], 1);
});

test('where runs overlap the first has its frames, the next what is left of its own pages', () => {
  const runs = new RunList();
  for (const [page, frame, pages] of [[100, 1000, 8], [200, 1004, 8], [300, 1005, 2]]) // biome-ignore format: rows
    for (let at = 0; at < pages; at++) runs.add(page + at, frame + at);
  const index = new FrameIndex([runs]);
  assert.deepEqual([1000, 1007, 1008, 1011, 1012].map((frame) => index.find(frame)), [100, 107, 204, 207, NO_PAGE]); // biome-ignore format: row
  assert.equal(index.aliases, 6);
});

test('addresses of one moment that differ in their low bits alone are told apart, also when many', () => {
  const same = new SameAccess();
  const words = (value: number) => Uint32Array.of(value);
  const row = (low: number, event: number) =>
    ({ time: [4], addressLow: words(low), addressHigh: [0], tid: [1], event: [event] }) as never;
  for (let low = 0; low < 64; low++) assert.equal(same.repeats(row(low, 0), 0), false);
  let found = 0;
  for (let low = 0; low < 64; low++) if (same.repeats(row(low, 1), 0)) found++;
  assert.ok(found > 60, `${found} of 64 were remembered`);
});
