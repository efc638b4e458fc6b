/** Rings of perf events that a test fills: which are opened, when they are read, and that they are closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PerfBuilder } from '../../test/support/perf-builder.js';
import { failure, success } from '../base/result.js';
import { SAMPLE_FIELD as F } from '../formats/perf-abi/constants.js';
import type { Host } from '../host/host.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { type LiveOptions, PAGE_FAULTS, PerfLiveSource } from './perf-live.js';

const ATTR = { type: 1, config: 2, period: 1, sampleType: F.ip | F.tid | F.time | F.addr | F.period };

/** Records of page faults of process 7. */
function faults(pages: readonly number[], lost = 0): Uint8Array {
  const builder = new PerfBuilder().attr(ATTR);
  for (const page of pages)
    builder.sample({ pid: 7, tid: 8, addr: BigInt(page) * 4096n, time: BigInt(page) });
  if (lost > 0) builder.lost(lost);
  return builder.data();
}

interface Given {
  /** Bytes that each ring gives at each look, by CPU. */
  readonly looks?: Readonly<Record<number, readonly Uint8Array[]>>;
  /** By `thread` or `thread@cpu`. */
  readonly refused?: Readonly<Record<string, string>>;
  readonly online?: string;
  readonly threads?: readonly string[];
  readonly isPrivileged?: boolean;
}

class Rings {
  readonly log: string[] = [];
  nowMs = 0;
  attr: Uint8Array = new Uint8Array(0);
  readonly #given: Given;

  constructor(given: Given) {
    this.#given = given;
  }

  host(withEvents = true): Host {
    const { online = '0', threads = ['8'], isPrivileged = true } = this.#given;
    const refusal = failure({ errno: 'ENOENT', call: 'open' });
    const readText = (path: string) =>
      path.endsWith('/online') && online !== '' ? success(`${online}\n`) : refusal;
    const list = (path: string) => (path === '/proc/7/task' ? success(threads) : refusal);
    const sleep = async (ms: number) => {
      this.log.push(`sleep ${ms}`);
      this.nowMs += ms;
    };
    const open = (attr: Uint8Array, thread: number, cpu: number, pages: number) =>
      this.#open(attr, thread, cpu, pages);
    return {
      files: { readText, list },
      clock: { monotonicNs: () => this.nowMs * 1e6, sleep },
      calls: withEvents ? { perfEvents: { open } } : {},
      identity: { isPrivileged },
    } as unknown as Host;
  }

  #answer(thread: number, cpu: number) {
    const errno = this.#given.refused?.[`${thread}@${cpu}`] ?? this.#given.refused?.[`${thread}`];
    return errno === undefined ? undefined : failure({ errno, call: `perf_event_open ${thread}` });
  }

  #open(attr: Uint8Array, thread: number, cpu: number, pages: number) {
    this.attr = attr;
    this.log.push(`open ${thread}@${cpu} ${pages}`);
    const looks = [...(this.#given.looks?.[cpu] ?? [])];
    let unread = looks.shift() ?? new Uint8Array(0);
    const read = (into: Uint8Array) => {
      const part = unread.subarray(0, into.length);
      into.set(part);
      unread = unread.subarray(part.length);
      if (part.length === 0) unread = looks.shift() ?? new Uint8Array(0);
      return part.length;
    };
    const join = (other: number) => {
      this.log.push(`join ${other}@${cpu}`);
      return this.#answer(other, cpu) ?? success(undefined);
    };
    return (
      this.#answer(thread, cpu) ?? success({ read, join, close: () => void this.log.push(`close ${cpu}`) })
    );
  }
}

const source = (more: Partial<LiveOptions> = {}) =>
  new PerfLiveSource({ event: PAGE_FAULTS, pids: [7], durationMs: 25, geometry: GEOMETRY_4K, ...more });

async function pagesOf(
  live: PerfLiveSource,
  host: Host,
  signal = new AbortController().signal,
): Promise<number[]> {
  const pages: number[] = [];
  for await (const reading of live.read({ host, processes: [], progress: () => {}, signal }))
    if (reading.kind === 'samples') pages.push(...reading.batch.virtualPage.subarray(0, reading.batch.count));
  return pages;
}

test('every ring is read at every look, also at the last one, and all are closed', async () => {
  const rings = new Rings({
    online: '0-1,4',
    threads: ['8', '9'],
    looks: {
      0: [faults([1]), faults([2])],
      1: [faults([3])],
      4: [faults([]), faults([]), faults([]), faults([4])],
    },
  });
  const live = source();
  assert.deepEqual(await pagesOf(live, rings.host()), [1, 3, 2, 4]);
  assert.deepEqual(rings.log, [
    ...['open 8@0 64', 'join 9@0', 'open 8@1 64', 'join 9@1', 'open 8@4 64', 'join 9@4'],
    ...['sleep 10', 'sleep 10', 'sleep 10', 'close 0', 'close 1', 'close 4'],
  ]);
  const all = [faults([1]), faults([2]), faults([3]), faults([4])];
  assert.deepEqual(live.account(), {
    losses: {},
    bytesRead: all.reduce((sum, { length }) => sum + length, 0),
    notes: [],
  });
});

test('what was sampled is told: the event, its window, and what was lost', async () => {
  const rings = new Rings({ looks: { 0: [faults([1, 2, 3], 1)] } });
  const live = source();
  assert.equal(live.origin.event, '');
  await pagesOf(live, rings.host());
  const { origin } = live;
  assert.deepEqual(
    [
      origin.source,
      origin.nature,
      origin.event,
      origin.detail,
      origin.tells,
      origin.windowNs,
      origin.unseenShare,
      origin.fade,
    ],
    ['perf-live', 'first-touches', 'type 1 config 0x2', 'event type 1 config 2', 'heat', 25e6, 0.25, 1],
  );
  assert.deepEqual(origin.granularity, {
    pages: 1,
    blindInsideHugePages: false,
    blindToCachedTranslations: false,
  });
  assert.deepEqual(live.account().losses, { 'records lost by the kernel': 1 });
  assert.match(live.account().notes.join(), /The kernel lost samples/);
});

test('the kernel’s accesses are asked for only where they may be seen', async () => {
  const excludeKernel = 1n << 5n;
  for (const isPrivileged of [true, false]) {
    const rings = new Rings({ isPrivileged });
    await pagesOf(source(), rings.host());
    const view = new DataView(rings.attr.buffer, rings.attr.byteOffset);
    assert.deepEqual(
      [view.getUint32(0, true), view.getBigUint64(8, true), view.getBigUint64(16, true)],
      [1, 2n, 1n],
    );
    const flags = view.getBigUint64(40, true);
    assert.equal((flags & excludeKernel) === 0n, isPrivileged);
    // inherit, mmap, comm, task, mmap_data, sample_id_all, mmap2 (include/uapi/linux/perf_event.h)
    for (const bit of [1n, 8n, 9n, 13n, 17n, 18n, 23n]) assert.ok((flags >> bit) & 1n, `bit ${bit}`);
  }
});

test('more rows than a batch holds come in several', async () => {
  const pages = Array.from({ length: 70_000 }, (_, at) => at + 1);
  const rings = new Rings({ looks: { 0: [faults(pages)] } });
  assert.deepEqual(await pagesOf(source({ durationMs: 1 }), rings.host()), pages);
});

test('threads that end meanwhile are passed over, also the first', async () => {
  const rings = new Rings({
    threads: ['8', '9', '10'],
    refused: { 8: 'ESRCH', 10: 'ESRCH' },
    looks: { 0: [faults([1])] },
  });
  assert.deepEqual(await pagesOf(source({ durationMs: 0 }), rings.host()), [1]);
  assert.deepEqual(rings.log, ['open 8@0 64', 'open 9@0 64', 'join 10@0', 'close 0']);
});

test('a process without threads, or of which none is left, is gone', async () => {
  for (const given of [{ threads: [] }, { refused: { 8: 'ESRCH' } }])
    await assert.rejects(pagesOf(source(), new Rings(given).host()), {
      code: 'TARGET_GONE',
      facts: { pid: '7' },
    });
  await assert.rejects(pagesOf(source({ pids: [1, 2] }), new Rings({}).host()), {
    code: 'TARGET_GONE',
    facts: { pid: '1,2' },
  });
});

test('a refusal is told with its call, and leaves no ring of that CPU open', async () => {
  const refusal = (thread: number, errno: string) => ({
    code: 'PERMISSION',
    facts: { call: `perf_event_open ${thread}`, errno, needs: 'CAP_PERFMON' },
  });
  await assert.rejects(
    pagesOf(source(), new Rings({ refused: { 8: 'EACCES' } }).host()),
    refusal(8, 'EACCES'),
  );
  const joined = new Rings({ threads: ['8', '9'], refused: { 9: 'EPERM' } });
  await assert.rejects(pagesOf(source(), joined.host()), refusal(9, 'EPERM'));
  assert.deepEqual(joined.log, ['open 8@0 64', 'join 9@0', 'close 0']);
});

test('a refusal on a later CPU closes the rings of the earlier ones', async () => {
  const rings = new Rings({ online: '0-2', refused: { '8@2': 'EMFILE' } });
  await assert.rejects(pagesOf(source(), rings.host()), { code: 'PERMISSION' });
  assert.deepEqual(rings.log.slice(-2), ['close 0', 'close 1']);
});

test('a host without calls says what to use instead', async () => {
  await assert.rejects(
    pagesOf(source(), new Rings({}).host(false)),
    (problem: { code?: string; facts?: { remedy: string } }) => {
      assert.equal(problem.code, 'ABILITY_MISSING');
      assert.match(problem.facts?.remedy ?? '', /octavo record/);
      return true;
    },
  );
});

test('a machine that does not say its CPUs has the first one', async () => {
  const rings = new Rings({ online: '' });
  await pagesOf(source({ durationMs: 0 }), rings.host());
  assert.deepEqual(rings.log, ['open 8@0 64', 'close 0']);
});

test('a stop ends the watch with a last look', async () => {
  const stop = new AbortController();
  stop.abort();
  const rings = new Rings({ looks: { 0: [faults([5])] } });
  assert.deepEqual(await pagesOf(source({ durationMs: 60_000 }), rings.host(), stop.signal), [5]);
  assert.deepEqual(rings.log, ['open 8@0 64', 'close 0']);
});

test('a consumer that turns away leaves no ring open', async () => {
  const rings = new Rings({ looks: { 0: [faults([5])] } });
  for await (const _ of source().read({
    host: rings.host(),
    processes: [],
    progress: () => {},
    signal: new AbortController().signal,
  }))
    break;
  assert.deepEqual(rings.log, ['open 8@0 64', 'close 0']);
});
