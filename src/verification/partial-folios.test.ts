import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { failure, success } from '../base/result.js';
import { KPF } from '../formats/proc/kpageflags.js';
import type { Host, OpenFile } from '../host/host.js';
import { BLOCK_FLAG } from '../vocabulary/page-sizes.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { BlockRows } from './block-rows.js';
import { PartialFolios } from './partial-folios.js';

const HEAD = 7 * 512;

interface Frames {
  /** Mappings of each frame of the folio that begins at HEAD. */
  readonly counts: readonly number[];
  readonly flags?: number;
  readonly missing?: readonly string[];
  /** CONFIG_NO_PAGE_MAPCOUNT; undefined where no configuration can be read. */
  readonly averages?: 'y' | 'n';
  /** Frames that kpagecount holds, counted from 0. */
  readonly end?: number;
}

function hostOf({ counts, flags = KPF.ANON, missing = [], averages, end }: Frames): {
  host: Host;
  closed: string[];
} {
  const closed: string[] = [];
  const scripted = new ScriptedHost([]);
  const words: Record<string, (frame: number) => number> = {
    '/proc/kpageflags': () => flags,
    '/proc/kpagecount': (frame) => counts[frame - HEAD] ?? 0,
  };
  const files = {
    ...scripted.files,
    open(path: string) {
      const word = missing.includes(path) ? undefined : words[path];
      if (!word) return failure({ errno: 'EACCES' as const, call: `open ${path}` });
      const file: OpenFile = {
        path,
        read(into, position) {
          const view = new DataView(into.buffer, into.byteOffset, into.byteLength);
          const from = position / 8;
          const last =
            path === '/proc/kpagecount' ? (end ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
          const frames = Math.max(0, Math.min(into.length / 8, last - from));
          for (let at = 0; at < frames; at++) view.setUint32(at * 8, word(from + at), true);
          return success(frames * 8);
        },
        close: () => closed.push(path),
      };
      return success(file);
    },
    readText(path: string) {
      if (path === '/proc/sys/kernel/osrelease') return success('6.99-test\n');
      const text =
        averages === 'y' ? 'CONFIG_NO_PAGE_MAPCOUNT=y\n' : '# CONFIG_NO_PAGE_MAPCOUNT is not set\n';
      if (path === '/boot/config-6.99-test' && averages) return success(text);
      return failure({ errno: 'ENOENT' as const, call: `read ${path}` });
    },
  };
  return {
    host: {
      ...scripted,
      files,
      identity: scripted.identity,
      calls: scripted.calls,
      clock: scripted.clock,
      random: scripted.random,
    },
    closed,
  };
}

interface Note {
  readonly from: number;
  readonly pages: number;
  readonly order?: number;
  readonly row?: number;
  readonly exclusive?: boolean;
}

function settled(frames: Frames, notes: readonly Note[], whole = true) {
  const rows = new BlockRows(GEOMETRY_4K);
  for (const block of [100, 101, 102]) rows.row(block, 0);
  const { host, closed } = hostOf(frames);
  const partial = new PartialFolios(host, rows);
  for (const { from, pages, order = 9, row = 0, exclusive = true } of notes)
    partial.note(row, HEAD + from, pages, order, exclusive);
  partial.settle(whole);
  return {
    unmapped: [...rows.unmapped.subarray(0, 3)],
    unknown: [...rows.flags.subarray(0, 3)].map((flags) => (flags & BLOCK_FLAG.unmappedUnknown) !== 0),
    shared: [...rows.flags.subarray(0, 3)].map((flags) => (flags & BLOCK_FLAG.shared) !== 0),
    closed,
  };
}

const mapped = (pages: number, count = 1) =>
  Array.from({ length: 512 }, (_, page) => (page < pages ? count : 0));

test('counts the frames that nobody maps, where a folio was met first', () => {
  const found = settled({ counts: mapped(10) }, [
    { from: 0, pages: 4, row: 1 },
    { from: 4, pages: 6, row: 2 },
  ]);
  assert.deepEqual(found.unmapped, [0, 502, 0]);
  assert.deepEqual(
    [found.unknown, found.shared],
    [
      [false, false, false],
      [false, false, false],
    ],
  );
  assert.deepEqual(found.closed.sort(), ['/proc/kpagecount', '/proc/kpageflags']);
});

test('a folio whose parts make up the whole is not looked up', () => {
  const found = settled({ counts: mapped(10) }, [
    { from: 0, pages: 200 },
    { from: 200, pages: 312, row: 1 },
  ]);
  assert.deepEqual([found.unmapped, found.closed], [[0, 0, 0], []]);
});

test('a run over several folios looks at those that it cuts', () => {
  const counts = Array.from({ length: 512 }, (_, page) => (page >= 12 && page < 52 ? 1 : 0));
  const found = settled({ counts }, [{ from: 12, pages: 40, order: 4 }]);
  // Folios [0, 16) with 4 pages mapped and [48, 64) with 4; the two between are whole.
  assert.deepEqual(found.unmapped, [24, 0, 0]);
});

test('more mappings than a whole walk met are another process’s', () => {
  const twice = settled({ counts: mapped(10, 2) }, [{ from: 0, pages: 10 }]);
  assert.deepEqual([twice.unmapped[0], twice.shared[0]], [502, true]);
  const elsewhere = settled({ counts: mapped(20) }, [{ from: 0, pages: 10 }]);
  assert.deepEqual([elsewhere.unmapped[0], elsewhere.shared[0]], [492, true]);
  const part = settled({ counts: mapped(20) }, [{ from: 0, pages: 10 }], false);
  assert.deepEqual([part.unmapped[0], part.shared[0]], [492, false]);
});

test('page cache has no unmapped pages that a split would free', () => {
  const found = settled({ counts: mapped(10), flags: KPF.LRU }, [{ from: 0, pages: 10 }]);
  assert.deepEqual([found.unmapped[0], found.unknown[0]], [0, false]);
});

test('what is in the swap cache, or cannot be read, is unknown', () => {
  const notes = [{ from: 0, pages: 10 }];
  assert.equal(settled({ counts: mapped(10), flags: KPF.ANON | KPF.SWAPCACHE }, notes).unknown[0], true);
  for (const path of ['/proc/kpageflags', '/proc/kpagecount']) {
    const found = settled({ counts: mapped(10), missing: [path] }, notes);
    assert.deepEqual([found.unmapped[0], found.unknown[0]], [0, true], path);
  }
  assert.equal(settled({ counts: mapped(10), end: HEAD + 511 }, notes).unknown[0], true);
  assert.equal(settled({ counts: mapped(10), end: HEAD + 512 }, notes).unknown[0], false);
});

test('a kernel that shows averages is not believed to map every page', () => {
  const counts = Array<number>(512).fill(1);
  const notes = [{ from: 0, pages: 10 }];
  assert.deepEqual(settled({ counts, averages: 'y' }, notes).unmapped[0], 502);
  const shared = settled({ counts, averages: 'y' }, [{ from: 0, pages: 10, exclusive: false }]);
  assert.deepEqual([shared.unknown[0], shared.shared[0]], [true, true]);
  assert.equal(settled({ counts, averages: 'y' }, notes, false).unknown[0], true);
  const precise = settled({ counts, averages: 'n' }, notes);
  assert.deepEqual([precise.unmapped[0], precise.shared[0]], [0, true]);
  assert.equal(settled({ counts }, notes).unmapped[0], 0);
});

test('one shared page among exclusive ones makes the folio shared, in whichever order they come', () => {
  const counts = Array<number>(512).fill(1);
  for (const flags of [
    [true, false],
    [false, true],
  ]) {
    const notes = flags.map((exclusive, at) => ({ from: at * 10, pages: 10, exclusive }));
    assert.equal(settled({ counts, averages: 'y' }, notes).unknown[0], true);
  }
});
