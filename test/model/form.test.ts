// The model's files against recordings of real kernels: every field, its order, its form, every mode.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createInode } from '../../src/model/kernel/address-space/processes.js';
import { writeSplitHugePages } from '../../src/model/kernel/split/debugfs-split.js';
import type { ModelDirectory, ModelNode } from '../../src/model/kernel/state/file-tree.js';
import type { Release } from '../../src/model/kernel/state/options.js';
import { findCorpus } from '../support/corpus.js';
import {
  advise,
  type Fixture,
  type FixtureOptions,
  fill,
  fixture,
  get,
  THP,
  write,
} from './model-fixture.js';

const corpus = findCorpus('data/kernel');
const skip = corpus === undefined ? 'no recordings beside the checkout (data/kernel)' : false;
const RECORDED: readonly [Release, string][] = [
  ['7.3', '7.3.4'],
  ['6.12', '6.12.95'],
];

function recording(folder: string, name: string): string {
  return readFileSync(join(corpus!, folder, name), 'utf8');
}

/** Digits become 0 and runs of them one, so that lines are compared by their form. */
function form(line: string): string {
  return line.replace(/ *\d+/g, (number) => (/^ /.test(number) ? ' 0' : '0'));
}

const smapsOf = (made: Fixture) => get(made, `/proc/${made.process.pid}/smaps`);

test('smaps has protection keys where the CPU has them', () => {
  const lines = (options: FixtureOptions) =>
    smapsOf(fixture(options)).match(/^ProtectionKey:/gm)?.length ?? 0;
  assert.equal(lines({}), lines({ protectionKeys: true }));
  assert.ok(lines({ protectionKeys: true }) > 0);
  assert.equal(lines({ protectionKeys: false }), 0);
  assert.equal(lines({ architecture: 'arm64' }), 0);
  assert.ok(lines({ architecture: 'arm64', protectionKeys: true }) > 0);
});

for (const [release, folder] of RECORDED) {
  test(`${folder}: vmstat and meminfo have the same names in the same order and form`, { skip }, () => {
    const made = fixture({ release });
    for (const file of ['vmstat', 'meminfo']) {
      const recorded = recording(folder, `${file}.txt`).trimEnd().split('\n');
      const shown = get(made, `/proc/${file}`).trimEnd().split('\n');
      assert.deepEqual(shown.map(form), recorded.map(form));
      // The size of the vmalloc area follows from the levels of the page tables, four or five.
      const lengths = (lines: string[]) =>
        lines.map((line) => (line.startsWith('VmallocTotal') ? 0 : line.length));
      if (file === 'meminfo') assert.deepEqual(lengths(shown), lengths(recorded));
    }
  });

  test(`${folder}: smaps, smaps_rollup and maps have every field in order and in its columns`, {
    skip,
  }, () => {
    const made = fixture({ release });
    fill(made, made.base, 512);
    const own = `/proc/${made.process.pid}`;
    const recorded = blocksOf(recording(folder, 'smaps-thp.txt'));
    const shown = blocksOf(get(made, `${own}/smaps`));
    for (const block of shown) {
      assert.deepEqual(block.fields.map(nameOf), recorded[0].fields.map(nameOf));
      block.fields.slice(0, -1).forEach((line, i) => {
        if (line.length === recorded[0].fields[i].length) return;
        assert.ok(Number(/\d+/.exec(line)![0]) > 99999999, `${line} | ${recorded[0].fields[i]}`);
      });
    }
    const rollup = (text: string) => text.trimEnd().split('\n').slice(1);
    assert.deepEqual(
      rollup(get(made, `${own}/smaps_rollup`)).map((line) => [nameOf(line), line.length]),
      rollup(recording(folder, 'smaps_rollup-thp.txt')).map((line) => [nameOf(line), line.length]),
    );
    const header =
      /^[0-9a-f]{8,}-[0-9a-f]{8,} ([r-][w-][x-][sp]) [0-9a-f]{8} [0-9a-f]{2}:[0-9a-f]{2} \d+ *(\S.*)?$/;
    for (const line of get(made, `${own}/maps`).trimEnd().split('\n')) assert.match(line, header);
    const namedColumns = (text: string) =>
      text.split('\n').flatMap((line) => (/[[/]/.test(line) ? [line.search(/[[/]/)] : []));
    assert.deepEqual([...new Set(namedColumns(get(made, `${own}/maps`)))], [73]);
    assert.deepEqual([...new Set(namedColumns(recording(folder, 'maps.txt')))], [73]);
  });

  test(`${folder}: VmFlags of each kind of mapping`, { skip }, () => {
    const made = fixture({ release });
    const wanted = flagsByName(blocksOf(recording(folder, 'smaps-thp.txt')));
    const shown = flagsByName(blocksOf(get(made, `/proc/${made.process.pid}/smaps`)));
    for (const name of [
      '[heap]',
      '[stack]',
      '[vdso]',
      ...(release === '7.3' ? ['[vvar]', '[vvar_vclock]'] : []),
    ])
      assert.equal(shown.get(name), wanted.get(name), name);
  });

  test(`${folder}: status has the same fields in the same order`, { skip }, () => {
    const names = (text: string) =>
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(':')[0]);
    const made = fixture({ release });
    assert.deepEqual(
      names(get(made, `/proc/${made.process.pid}/status`)),
      names(recording(folder, 'status.txt')),
    );
  });

  test(`${folder}: thp sysfs has the same files, modes, contents at boot`, { skip }, () => {
    const made = fixture({ release });
    const recorded = recording(folder, 'thp-sysfs.txt').trimEnd().split('\n').sort();
    const shown = [...listTree(made.kernel.files.find(THP) as ModelDirectory, THP)].sort();
    assert.deepEqual(shown, recorded);
  });
}

interface Block {
  readonly header: string;
  readonly fields: string[];
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = [];
  for (const line of text.trimEnd().split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) blocks.push({ header: line, fields: [] });
    else blocks.at(-1)!.fields.push(line);
  }
  return blocks;
}

function nameOf(line: string): string {
  return line.split(':')[0];
}

function flagsByName(blocks: Block[]): Map<string, string> {
  return new Map(blocks.map((block) => [/(\[\S+\])$/.exec(block.header)?.[1] ?? '', block.fields.at(-1)!]));
}

/** `MODE PATH = CONTENT` as the recordings hold it. */
function* listTree(directory: ModelDirectory, path: string): Generator<string> {
  yield `${mode(directory)} ${path}/`;
  for (const name of directory.names()) {
    const node = directory.lookup(name)!;
    if (node.kind === 'directory') yield* listTree(node, `${path}/${name}`);
    else if (node.kind === 'file')
      yield `${mode(node)} ${path}/${name} = ${String(node.read?.()).replace(/\n/g, '\\n')}`;
  }
}

function mode(node: ModelNode): string {
  return node.kind === 'symlink' ? '' : node.mode.toString(8).padStart(4, '0');
}

// Raw words of one block: a THP as it was faulted, split to each order, shmem whole and split.

const ANON = [
  'thp-2M',
  'thp-split-order0',
  'thp-split-order1',
  'thp-split-order2',
  'thp-split-order3',
  'thp-split-order4',
  'thp-split-order8',
  'thp-split-order9',
];

for (const name of ANON) {
  test(`pages/${name}: pagemap, kpageflags and kpagecount word by word`, { skip }, () => {
    const made = fixture({ blocks: 1 });
    fill(made, made.base, 512);
    const order = /order(\d)/.exec(name)?.[1];
    if (order !== undefined) splitAll(made, Number(order));
    compareWords(made, name);
  });
}

for (const [name, order] of [
  ['shmem-thp-2M', undefined],
  ['shmem-thp-split0', 0],
  ['shmem-thp-split4', 4],
] as const) {
  test(`pages/${name}: pagemap, kpageflags and kpagecount word by word`, { skip }, () => {
    const made = fixture({
      blocks: 1,
      inode: (kernel, pages) => createInode(kernel, '/mnt/f', pages, 'always'),
    });
    write(made, made.base, 512);
    if (order !== undefined) {
      splitAll(made, order);
      write(made, made.base, 512);
    }
    compareWords(made, name);
  });
}

function splitAll(made: Fixture, order: number): void {
  const hex = (page: number) => `0x${(page * 4096).toString(16)}`;
  writeSplitHugePages(made.kernel, `${made.process.pid},${hex(made.base)},${hex(made.base + 512)},${order}`);
}

function compareWords(made: Fixture, name: string): void {
  const recorded = (kind: string) => {
    const bytes = readFileSync(join(corpus!, '7.3.4/pages', `${name}.${kind}`));
    return Array.from({ length: 512 }, (_, i) => bytes.readBigUInt64LE(i * 8));
  };
  const shown = (path: string, at: number) => {
    const into = new Uint8Array(4096);
    const file = made.kernel.files.find(path);
    assert.ok(typeof file === 'object' && file.kind === 'file');
    assert.equal(file.readAt!(into, at * 8), 4096);
    const view = new DataView(into.buffer);
    return Array.from({ length: 512 }, (_, i) => view.getBigUint64(i * 8, true));
  };
  const frames = (1n << 55n) - 1n;
  const pagemap = shown(`/proc/${made.process.pid}/pagemap`, made.base);
  const wanted = recorded('pagemap');
  assert.deepEqual(
    pagemap.map((word) => word & ~frames),
    wanted.map((word) => word & ~frames),
  );
  const offsets = (words: bigint[]) => words.map((word) => (word & frames) - (words[0] & frames));
  assert.deepEqual(offsets(pagemap), offsets(wanted));
  const first = Number(pagemap[0] & frames);
  assert.deepEqual(hexWords(shown('/proc/kpageflags', first)), hexWords(recorded('kpageflags')));
  assert.deepEqual(shown('/proc/kpagecount', first), recorded('kpagecount'));
}

function hexWords(words: bigint[]): string[] {
  return words.map((word) => word.toString(16));
}

test('a swapped page and a hole read as such', () => {
  const made = fixture({ blocks: 1, swapBytes: 16 * 1024 * 1024, thp: { enabled: 'never' } });
  fill(made, made.base, 4);
  advise(made, made.base + 1, 1, 'MADV_PAGEOUT');
  const into = new Uint8Array(32);
  const file = made.kernel.files.find(`/proc/${made.process.pid}/pagemap`);
  assert.ok(typeof file === 'object' && file.kind === 'file');
  assert.equal(file.readAt!(into, made.base * 8), 32);
  assert.equal(into[7] >>> 6, 2, 'present');
  assert.equal(into[15] >>> 6, 1, 'swapped');
  assert.equal(file.readAt!(new Uint8Array(8), 4), 'EINVAL');
  assert.equal(file.readAt!(new Uint8Array(8), 2 ** 38), 0);
});
