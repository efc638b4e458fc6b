import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageSizes } from '../../test/support/drawing.js';
import { btfOf, writtenHost } from '../../test/support/written-host.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import type { PageSizes } from '../vocabulary/page-sizes.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { DAMON_REGIONS_DEFAULTS, type DamonRegionsOptions, DamonRegionsSource } from './damon-regions.js';

const BLOCK = 2 ** 21;
const TRIED = `${KDAMONDS}/0/contexts/0/schemes/0/tried_regions`;

interface Region {
  readonly from: number;
  readonly to: number;
  readonly accesses: number;
}

/** A kernel that finds these regions, in blocks from the first one on. */
function kernel(regions: readonly Region[], more: Record<string, string> = {}) {
  const world = writtenHost({
    [`${KDAMONDS}/nr_kdamonds`]: '0\n',
    '/proc/100/maps': '400000-401000 r-xp\n7f0000000000-7f0000001000 rw-p\n',
    '/sys/kernel/btf/vmlinux': btfOf('DAMOS_STAT'),
    ...more,
  });
  world.react = (path, text) => {
    if (path.endsWith('nr_kdamonds') && text === '1') {
      world.files.set(`${KDAMONDS}/0/state`, 'off\n');
      world.files.set(`${KDAMONDS}/0/contexts/nr_contexts`, '0\n');
    }
    if (text !== 'update_schemes_tried_regions') return;
    for (const [at, { from, to, accesses }] of regions.entries()) {
      world.files.set(`${TRIED}/${at}/start`, `${(1000 + from) * BLOCK}\n`);
      world.files.set(`${TRIED}/${at}/end`, `${(1000 + to) * BLOCK}\n`);
      world.files.set(`${TRIED}/${at}/nr_accesses`, `${accesses}\n`);
    }
  };
  return world;
}

async function read(
  world: ReturnType<typeof kernel>,
  processes: readonly PageSizes[],
  options: Partial<DamonRegionsOptions> = {},
) {
  const source = new DamonRegionsSource(GEOMETRY_4K, { ...DAMON_REGIONS_DEFAULTS, ...options });
  const signal = new AbortController().signal;
  const rows: number[][] = [];
  const progress: number[][] = [];
  const context = {
    host: world.host,
    processes,
    signal,
    progress: (done: number, all: number) => void progress.push([done, all]),
  };
  for await (const reading of source.read(context)) {
    if (reading.kind !== 'samples') continue;
    const { batch } = reading;
    for (let row = 0; row < batch.count; row++)
      rows.push([batch.pid[row], batch.virtualPage[row] / 512 - 1000, batch.weight[row]]);
  }
  return { rows, progress, source, account: source.account() };
}

test('regions that DAMON chose heat each resident block by the share that they cover', async () => {
  const sizes = pageSizes(['4', '4', '.', '4', 'H']);
  const regions = [
    { from: 0, to: 1.5, accesses: 8 },
    { from: 1.5, to: 3, accesses: 4 },
    { from: 3, to: 5, accesses: 0 },
  ];
  const { rows, account, progress, source } = await read(kernel(regions), [sizes], { mostExactBlocks: 3 });
  assert.deepEqual(rows, [
    [100, 0, 8],
    [100, 1, 6],
  ]);
  assert.deepEqual([progress, source.samples], [[[0, 1]], 20]);
  assert.match(
    account.notes[0],
    /^DAMON saw accesses in 6 MiB of process 100 \(2 of 3 regions, 20 samples each\)$/,
  );
  assert.equal(account.notes.length, 1);
});

test('neighbouring blocks are asked for as one range, and as many exactly as are allowed', async () => {
  const sizes = pageSizes(['4', '4', '.', '4', '4', '4', '.', 'H']);
  const world = kernel([]);
  await read(world, [sizes], { mostExactBlocks: 5 });
  const written = (name: string) => world.writes.filter((line) => line.includes(`/regions/`) && line.includes(`/${name} = `)).map((line) => Number(line.split(' = ')[1]) / BLOCK - 1000); // biome-ignore format: one line
  assert.deepEqual(
    [written('start'), written('end')],
    [
      [0, 3, 7],
      [2, 6, 8],
    ],
  );
  const exact = kernel([]);
  await read(exact, [sizes], { mostExactBlocks: 6 });
  assert.equal(exact.writes.filter((line) => /\/regions\/\d+\/start = /.test(line)).length, 6);
});

test('a process without resident memory is passed over, and what is refused is counted', async () => {
  const empty = pageSizes(['4']);
  empty.blocks.present[0] = 0;
  const world = kernel([]);
  const passed = await read(world, [empty]);
  assert.deepEqual([passed.rows, passed.account.losses, passed.account.notes], [[], {}, []]);
  assert.ok(!world.writes.some((line) => line.includes('fvaddr')));
  const refusing = kernel([]);
  refusing.refuse = (_, text) => (text === 'fvaddr' ? 'EINVAL' : undefined);
  const { account, source } = await read(refusing, [pageSizes(['4']), pageSizes(['4'])]);
  const [[reason, count]] = Object.entries(account.losses);
  assert.match(reason, /^processes not watched: EINVAL for write/);
  assert.equal(count, 2);
  assert.ok(source.obstacle && 'errno' in source.obstacle && source.obstacle.errno === 'EINVAL');
  assert.equal(refusing.writes.at(-1), `${KDAMONDS}/nr_kdamonds = 0`);
  const none = await read(writtenHost({}), [empty, empty]);
  assert.deepEqual(Object.values(none.account.losses), [2]);
});

test('a huge page that is seen as one is told, with the least that may be in use', async () => {
  const sizes = pageSizes(['H', 'H', '4']);
  const { account } = await read(kernel([{ from: 0, to: 1, accesses: 3 }, { from: 2, to: 3, accesses: 3 }]), [sizes], { mostExactBlocks: 1 }); // biome-ignore format: one line
  assert.match(
    account.notes.join('\n'),
    /T2: 2 MiB of that are huge pages, each seen as one: down to 4 KiB of it/,
  );
});

test('every block of a process that is larger than a batch comes', async () => {
  const sizes = pageSizes(Array(5000).fill('4'));
  const { rows } = await read(kernel([{ from: 0, to: 5000, accesses: 1 }]), [sizes]);
  assert.deepEqual([rows.length, rows[4999]], [5000, [100, 4999, 1]]);
});
