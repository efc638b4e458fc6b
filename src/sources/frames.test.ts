/** Frames and page tables at their bounds: what is forgotten, what is read anew, and what is closed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tablesHost } from '../../test/support/frame-tables.js';
import { PID } from '../../test/support/scripted-host.js';
import { FrameFacts } from './frame-facts.js';
import { Resolver } from './resolver.js';

const WINDOW = 16_384;

test('2048 windows of frames are remembered, and one more forgets them', () => {
  const told = tablesHost({ mappings: [], entries: new Map(), folios: new Map(), counts: new Map() });
  const facts = new FrameFacts(told.host);
  for (let window = 0; window < 2048; window++) facts.orderOf(512 * window);
  facts.orderOf(5);
  assert.equal(told.reads.length, 2048, 'all are remembered');
  facts.orderOf(512 * 2048);
  facts.orderOf(5);
  assert.equal(told.reads.length, 2050);
});

type Mapping = { start: number; end: number; permissions?: string };

/** A process whose page `at` lies in frame `1000 + at`, in mappings that a test changes. */
function process(mappings: Mapping[]) {
  const pages = mappings.flatMap(({ start, end }) =>
    Array.from({ length: end - start }, (_, at) => start + at),
  );
  const entries = new Map(pages.map((page) => [page, { frame: 1000 + page }]));
  const told = tablesHost({ mappings, entries, folios: new Map(), counts: new Map() });
  const reads = () => told.reads.filter((line) => line.startsWith(`/proc/${PID}/pagemap`));
  return { ...told, entries, mappings, reads };
}

test('page tables are read window by window, as far as they are mapped and may be accessed', () => {
  const { host, reads } = process([
    { start: WINDOW - 2, end: WINDOW + 1 },
    { start: 5 * WINDOW, end: 5 * WINDOW + 4, permissions: '---p' },
  ]);
  const resolver = Resolver.of(host, [PID]);
  assert.deepEqual(reads(), [
    `/proc/${PID}/pagemap ${8 * (WINDOW - 2)} 16`,
    `/proc/${PID}/pagemap ${8 * WINDOW} 8`,
  ]);
  assert.deepEqual(resolver.resolve(1000 + WINDOW, PID), { pid: PID, page: WINDOW });
  assert.equal(resolver.resolve(1000 + 5 * WINDOW, PID), undefined);
});

test('an index is built anew after half as many look-ups as it has runs, not before', () => {
  const { host, entries } = process([{ start: 0, end: 8 }]);
  for (let page = 0; page < 8; page++) entries.set(page, { frame: 100 + 2 * page });
  const resolver = Resolver.of(host, [PID]);
  assert.equal(resolver.runs, 8);
  for (let at = 0; at < 3; at++) resolver.resolve(100, PID);
  assert.equal(resolver.refresh(WINDOW), 0);
  resolver.resolve(100, PID);
  assert.equal(resolver.refresh(WINDOW), WINDOW);
  assert.equal(resolver.refreshed, WINDOW);
  assert.equal(resolver.refresh(WINDOW), 0, 'look-ups count from the last time');
});

test('pages are owed until they make a window, and the longest unread windows come first', () => {
  const { host, reads } = process([{ start: 0, end: 1 }, { start: WINDOW, end: WINDOW + 1 }, { start: 2 * WINDOW, end: 2 * WINDOW + 1 }]); // biome-ignore format: rows
  const resolver = Resolver.of(host, [PID]);
  const refreshed = (budget: number) => {
    const before = reads().length;
    for (let at = 0; at < 3; at++) resolver.resolve(1000, PID);
    resolver.refresh(budget);
    return reads()
      .slice(before)
      .map((line) => Number(line.split(' ')[1]) / 8 / WINDOW);
  };
  assert.deepEqual(
    [refreshed(WINDOW - 1), refreshed(WINDOW), refreshed(WINDOW), refreshed(WINDOW), refreshed(2 * WINDOW)],
    [[], [0], [1], [2], [0, 1]],
  );
});

test('what is mapped no longer loses its pages, what is new is found', () => {
  const told = process([{ start: 0, end: 1 }, { start: WINDOW, end: WINDOW + 1 }]); // biome-ignore format: rows
  const resolver = Resolver.of(told.host, [PID]);
  told.mappings.splice(1, 1, { start: 3 * WINDOW, end: 3 * WINDOW + 1 });
  told.entries.set(3 * WINDOW, { frame: 9 });
  assert.deepEqual(resolver.resolve(1000 + WINDOW, PID)?.page, WINDOW);
  for (let at = 0; at < 4; at++) resolver.resolve(1000, PID);
  resolver.refresh(4 * WINDOW);
  assert.deepEqual(
    [resolver.resolve(1000 + WINDOW, PID), resolver.resolve(9, PID)?.page],
    [undefined, 3 * WINDOW],
  );
});

test('page tables are closed also when the process ends between two reads', () => {
  const told = process([{ start: 0, end: 1 }]);
  let reads = 0;
  const readText = (path: string) =>
    path.endsWith('/maps') && reads++ > 0
      ? { ok: false as const, error: { errno: 'ESRCH', call: 'read' } }
      : told.host.files.readText(path);
  const files = new Proxy(told.host.files, {
    get: (target, name) => (name === 'readText' ? readText : Reflect.get(target, name)),
  });
  let open = 0;
  const counted = new Proxy(files, {
    get: (target, name) => {
      if (name !== 'open') return Reflect.get(target, name);
      return (path: string) => {
        const answer = told.host.files.open(path);
        if (!answer.ok) return answer;
        open++;
        const { read } = answer.value;
        return { ok: true, value: { path, read: read.bind(answer.value), close: () => open-- } };
      };
    },
  });
  assert.throws(() => Resolver.of({ ...told.host, files: counted } as typeof told.host, [PID]), {
    code: 'TARGET_GONE',
  });
  assert.equal(open, 0);
});

test('a table that ends in the middle of an entry does not have that entry', () => {
  const entry = { head: 5, order: 0 };
  for (const [ends, order] of [
    [40, undefined],
    [44, undefined],
    [47, undefined],
    [48, 0],
  ] as const) {
    // biome-ignore format: a table
    const told = tablesHost({ mappings: [], entries: new Map(), folios: new Map([[5, entry]]), counts: new Map(), ends: { '/proc/kpageflags': ends } });
    assert.equal(new FrameFacts(told.host).orderOf(5), order, `${ends}`);
  }
});
