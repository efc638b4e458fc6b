import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Drawn, FIRST_BLOCK, mapping, pageSizes } from '../../test/support/drawing.js';
import type { SmapsEntry } from '../formats/proc/smaps.js';
import { chargedMemory, type MemoryLine, residentMemory } from './whereabouts.js';

const PAGE = 4096;

interface Case {
  readonly blocks: readonly string[];
  readonly drawn?: Drawn;
  readonly zero?: Readonly<Record<number, number>>;
  /** Rss in pages, as smaps has it; as the walk saw it when undefined. */
  readonly rss?: number;
  readonly special?: number;
  readonly anonymous?: number;
}

function facts({ blocks, drawn, zero, rss, special, anonymous }: Case) {
  const sizes = pageSizes(blocks, drawn);
  const bytes = new Map<string, number>();
  if (rss !== undefined) bytes.set('Rss', rss * PAGE);
  if (anonymous !== undefined) bytes.set('Anonymous', anonymous * PAGE);
  const entries: SmapsEntry[] = [{ mapping: mapping(blocks.length, drawn), bytes }];
  if (special !== undefined)
    entries.push({ mapping: { ...mapping(1), kind: 'special' }, bytes: new Map([['Rss', special * PAGE]]) });
  const zeroPages = new Map(
    Object.entries(zero ?? {}).map(([at, pages]) => [FIRST_BLOCK + Number(at), pages]),
  );
  return { sizes, entries, zeroPages, emptyAbove: 409 / 512 };
}

function resident(given: Case) {
  const found = residentMemory(facts(given));
  assert.equal(total(found.lines), found.rssBytes, 'the lines add up to RSS');
  assert.ok(found.lines.every(({ bytes }) => bytes !== 0));
  return Object.fromEntries(found.lines.map(({ kind, bytes }) => [kind, bytes / PAGE]));
}

const total = (lines: readonly MemoryLine<string>[]) => lines.reduce((sum, { bytes }) => sum + bytes, 0);

test('huge pages that were read: data, and zeroes on either side of the threshold', () => {
  const lines = resident({ blocks: ['H', 'H', 'H'], zero: { 0: 409, 1: 410, 2: 0 }, rss: 1536 });
  assert.deepEqual(lines, { hugeData: 103 + 102 + 512, hugeReturnable: 410, hugeKept: 409 });
});

test('huge pages that were not read, are shared, or are locked have names of their own', () => {
  assert.deepEqual(resident({ blocks: ['H'], rss: 512 }), { hugeUnread: 512 });
  const shared = { blocks: ['H'], drawn: { shared: [0] }, zero: { 0: 500 }, rss: 512 };
  assert.deepEqual(resident(shared), { hugeShared: 512 });
  const locked = { blocks: ['H'], drawn: { flags: ['lo'] }, zero: { 0: 500 }, rss: 512 };
  assert.deepEqual(resident(locked), { hugeLocked: 512 });
});

test('what is mapped page by page, with the zeroes of partly unmapped folios apart', () => {
  assert.deepEqual(resident({ blocks: ['4', 'h'], rss: 1024 }), { small: 1024 });
  const partial = { blocks: ['h*8'], drawn: { unmapped: { 0: 504 } }, zero: { 0: 3 }, rss: 8 };
  assert.deepEqual(resident(partial), { partialZero: 3, small: 5 });
  assert.deepEqual(resident({ ...partial, zero: { 0: 99 } }), { partialZero: 8 });
});

test('shared memory and files, at any level', () => {
  for (const kind of ['shmem', 'file'] as const)
    assert.deepEqual(resident({ blocks: ['H', '4*9'], drawn: { kind }, zero: { 0: 500 }, rss: 521 }), {
      [kind]: 521,
    });
});

test('special mappings, and what changed between the looks, close the sum', () => {
  assert.deepEqual(resident({ blocks: ['4'], rss: 500, special: 2 }), {
    small: 512,
    special: 2,
    changed: -12,
  });
  assert.deepEqual(resident({ blocks: ['4*9'], rss: 10 }), { small: 9, changed: 1 });
});

test('without smaps the walk is the sum', () => {
  assert.deepEqual(resident({ blocks: ['4*9'] }), { small: 9 });
});

test('mappings of which smaps tells nothing count as 0 beside those of which it tells', () => {
  const { entries, ...rest } = facts({ blocks: ['4*9'], rss: 12, anonymous: 7 });
  const silent: SmapsEntry = { mapping: mapping(1), bytes: new Map() };
  for (const both of [
    [...entries, silent],
    [silent, ...entries],
  ]) {
    assert.equal(residentMemory({ ...rest, entries: both }).rssBytes, 12 * PAGE);
    const { lines } = chargedMemory(
      { ...rest, entries: both },
      { ...CHARGE, bytes: 7 * PAGE, anon: 7 * PAGE },
    );
    assert.deepEqual(lines, [{ kind: 'own', bytes: 7 * PAGE }]);
  }
});

const CHARGE = { path: '/db', version: 2, bytes: 0, anon: 0, file: 0, kernel: 0, sockets: 0 } as const;

function charged(given: Case, charge: Partial<Parameters<typeof chargedMemory>[1]>) {
  const scaled = Object.fromEntries(
    Object.entries(charge).map(([name, pages]) => [name, typeof pages === 'number' ? pages * PAGE : pages]),
  );
  const found = chargedMemory(facts(given), { ...CHARGE, ...scaled });
  assert.equal(total(found.lines), found.chargedBytes, 'the lines add up to the charge');
  assert.ok(found.lines.every(({ bytes }) => bytes !== 0));
  return Object.fromEntries(found.lines.map(({ kind, bytes }) => [kind, bytes / PAGE]));
}

test('the charge: this process, what nobody maps, others, cache, kernel, sockets, and the rest', () => {
  const given = { blocks: ['h*8'], drawn: { unmapped: { 0: 504 } }, rss: 8, anonymous: 8 };
  const lines = charged(given, { bytes: 1000, anon: 100, file: 50, kernel: 30, sockets: 4 });
  assert.deepEqual(lines, {
    own: 8,
    unmapped: 504,
    others: 92,
    cache: 50,
    kernel: 30,
    sockets: 4,
    rest: 1000 - 8 - 504 - 92 - 50 - 30 - 4,
  });
});

test('memory charged elsewhere shows as a negative line, and the sum holds', () => {
  const lines = charged({ blocks: ['4'], rss: 512 }, { bytes: 20, anon: 10 });
  assert.deepEqual(lines, { own: 512, others: -502, rest: 10 });
});

test('counters that lag behind show as a negative line of their own', () => {
  const lines = charged({ blocks: ['4*8'], rss: 8 }, { bytes: 20, anon: 8, file: 15 });
  assert.deepEqual(lines, { own: 8, cache: 15, late: -3 });
});

test('kernel memory that nobody tells is part of the rest', () => {
  const lines = charged({ blocks: ['4*8'], rss: 8 }, { bytes: 20, anon: 8, kernel: undefined });
  assert.deepEqual(lines, { own: 8, rest: 12 });
});

test('a charge that is told to the last byte has no rest', () => {
  assert.deepEqual(charged({ blocks: ['4*8'], rss: 8 }, { bytes: 8, anon: 8 }), { own: 8 });
  assert.deepEqual(charged({ blocks: ['4*8'], rss: 8 }, { bytes: 8, anon: 8, kernel: undefined }), {
    own: 8,
  });
});

test('anonymous pages of file mappings are the process’s own', () => {
  const lines = charged({ blocks: ['4*8'], rss: 8, anonymous: 11 }, { bytes: 11, anon: 11 });
  assert.deepEqual(lines, { own: 11 });
});

test('a charge keeps its name and version', () => {
  const { path, version } = chargedMemory(facts({ blocks: ['4'] }), { ...CHARGE, version: 1 });
  assert.deepEqual([path, version], ['/db', 1]);
});
