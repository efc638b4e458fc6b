/** DAMON's own modules on the model: parameters as recorded, exclusiveness, commits, and what they do. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { ModelDirectory, ModelFile } from '../../src/model/kernel/state/file-tree.js';
import { findCorpus } from '../support/corpus.js';
import { ModelBench } from './model-bench.js';

const corpus = findCorpus('data/kernel');
const skip = corpus === undefined ? 'no recordings of kernels beside the checkout' : false;

function file(bench: ModelBench, name: string): ModelFile {
  const [module, parameter] = name.split('.');
  const node = bench.kernel.files.find(`/sys/module/damon_${module}/parameters/${parameter}`);
  assert.ok(typeof node === 'object' && node.kind === 'file', `${name}: ${String(node)}`);
  return node;
}

const read = (bench: ModelBench, name: string): string => String(file(bench, name).read?.()).trimEnd();
const number = (bench: ModelBench, name: string): number => Number(read(bench, name));
const write = (bench: ModelBench, name: string, text: string | number) =>
  file(bench, name).write?.(`${text}\n`);

for (const [release, generation] of [
  ['7.3.4', '7.3'],
  ['6.12.95', '6.12'],
] as const satisfies readonly (readonly [string, GenerationName])[]) {
  test(`parameters of ${release}, path by path, mode by mode, default by default`, { skip }, () => {
    const bench = new ModelBench(generation);
    const lines: string[] = [];
    for (const module of ['damon_stat', 'damon_reclaim', 'damon_lru_sort']) {
      const path = `/sys/module/${module}/parameters`;
      const found = bench.kernel.files.find(path);
      if (typeof found === 'string') continue;
      const directory = found as ModelDirectory;
      lines.push(`0755 ${path}/`);
      for (const name of directory.names()) {
        const node = directory.lookup(name) as ModelFile;
        const content = String(node.read?.()).replaceAll('\n', '\\n');
        lines.push(`0${node.mode.toString(8)} ${path}/${name} = ${content}`);
      }
    }
    const expected = readFileSync(join(corpus ?? '', release, 'damon-modules.txt'), 'utf8')
      .trim()
      .split('\n');
    assert.deepEqual(lines.sort(), expected.sort());
  });
}

test('a module and the sysfs tree keep each other out', () => {
  const bench = new ModelBench('7.3');
  const area = bench.area(2);
  bench.touch(area);
  bench.scheme(area.pid, 'stat');
  assert.equal(write(bench, 'stat.enabled', 'Y'), undefined);
  assert.equal(read(bench, 'stat.enabled'), 'Y');
  assert.ok(number(bench, 'stat.kdamond_pid') > 0);
  assert.equal(bench.write('0/state', 'on'), 'EBUSY');
  assert.equal(write(bench, 'reclaim.enabled', 'Y'), 'EBUSY');
  assert.equal(read(bench, 'reclaim.enabled'), 'N');
  assert.equal(write(bench, 'stat.enabled', 'N'), undefined);
  assert.equal(number(bench, 'stat.kdamond_pid'), -1);
  assert.equal(bench.write('0/state', 'on'), undefined);
  for (const module of ['stat', 'reclaim', 'lru_sort']) {
    assert.equal(write(bench, `${module}.enabled`, '1'), 'EBUSY', module);
  }
  assert.equal(bench.write('0/state', 'off'), undefined);
  assert.equal(write(bench, 'lru_sort.enabled', 'on'), undefined);
  assert.equal(write(bench, 'lru_sort.enabled', 'off'), undefined);
});

test('what parameters take', () => {
  const bench = new ModelBench('7.3');
  const cases: readonly [string, string, string | undefined][] = [
    ['reclaim.min_age', '0x10', undefined],
    ['reclaim.min_age', '-1', 'EINVAL'],
    ['reclaim.min_age', '18446744073709551616', 'ERANGE'],
    ['reclaim.skip_anon', 'maybe', 'EINVAL'],
    ['reclaim.skip_anon', 'Y', undefined],
    ['reclaim.addr_unit', '0', 'EINVAL'],
    ['reclaim.commit_inputs', 'Y', 'EINVAL'],
    ['reclaim.commit_inputs', 'N', undefined],
    ['reclaim.enabled', 'x', 'EINVAL'],
    ['lru_sort.active_mem_bp', '10001', undefined],
    ['lru_sort.enabled', 'Y', 'EINVAL'],
    ['lru_sort.active_mem_bp', '0', undefined],
    ['lru_sort.addr_unit', '3', undefined],
    ['lru_sort.enabled', 'Y', 'EINVAL'],
  ];
  for (const [name, text, errno] of cases) assert.equal(write(bench, name, text), errno, `${name} = ${text}`);
  assert.equal(read(bench, 'reclaim.min_age'), '16');
  assert.equal(file(bench, 'reclaim.kdamond_pid').write, undefined);
});

/** A machine that is more than half full of idle memory, with swap. */
function fullMachine(generation: GenerationName = '7.3'): ModelBench {
  const bench = new ModelBench(generation, {
    memoryBytes: 256 * 2 ** 20,
    swapBytes: 2 ** 30,
  });
  const area = bench.area(80);
  bench.touch(area);
  return bench;
}

for (const generation of ['7.3', '6.12'] as const) {
  test(`${generation}: DAMON_RECLAIM pages idle memory out within its quota, and takes new parameters`, () => {
    const bench = fullMachine(generation);
    // Beyond the first charge window, which has no limit on 6.12.
    write(bench, 'reclaim.min_age', 2_500_000);
    write(bench, 'reclaim.quota_sz', 4 * 2 ** 20);
    write(bench, 'reclaim.quota_ms', 0);
    write(bench, 'reclaim.wmarks_high', 900);
    write(bench, 'reclaim.wmarks_mid', 800);
    assert.equal(write(bench, 'reclaim.enabled', 'Y'), undefined);
    assert.equal(number(bench, 'reclaim.monitor_region_end'), 256 * 2 ** 20);
    const before = bench.kernel.frames.freeFrames;
    bench.advance(7500);
    const freed = (bench.kernel.frames.freeFrames - before) * 4096;
    const reclaimed = number(bench, 'reclaim.bytes_reclaimed_regions');
    // Six windows of 4 MiB, and the rest of a 2 MiB folio that a window's last region ends in.
    assert.ok(freed > 2 ** 20 && freed <= 6 * (4 + 2) * 2 ** 20, `${freed}`);
    assert.ok(Math.abs(reclaimed - freed) <= 2 ** 20, `${reclaimed} beside ${freed}`);
    assert.ok(number(bench, 'reclaim.nr_reclaim_tried_regions') > 0);
    assert.ok(number(bench, 'reclaim.nr_quota_exceeds') > 0);
    write(bench, 'reclaim.quota_sz', 64 * 2 ** 20);
    assert.equal(write(bench, 'reclaim.commit_inputs', 'Y'), undefined);
    assert.equal(read(bench, 'reclaim.commit_inputs'), generation === '7.3' ? 'N' : 'Y');
    bench.advance(4000);
    assert.equal(read(bench, 'reclaim.commit_inputs'), 'N');
    assert.ok((bench.kernel.frames.freeFrames - before) * 4096 > freed + 16 * 2 ** 20);
    bench.check();
  });
}

test('DAMON_RECLAIM rests above its high watermark', () => {
  const bench = new ModelBench('7.3', { memoryBytes: 256 * 2 ** 20, swapBytes: 2 ** 30 });
  bench.touch(bench.area(40));
  write(bench, 'reclaim.min_age', 100_000);
  assert.equal(write(bench, 'reclaim.enabled', 'Y'), undefined);
  bench.advance(20_000);
  assert.equal(number(bench, 'reclaim.nr_reclaim_tried_regions'), 0);
  write(bench, 'reclaim.min_nr_regions', 2);
  assert.equal(write(bench, 'reclaim.commit_inputs', 'Y'), 'EINVAL');
  assert.equal(read(bench, 'reclaim.enabled'), 'Y');
});

test('skip_anon leaves anonymous memory alone', () => {
  const bench = fullMachine();
  write(bench, 'reclaim.min_age', 1_000_000);
  write(bench, 'reclaim.skip_anon', 'Y');
  write(bench, 'reclaim.enabled', 'Y');
  bench.advance(5000);
  assert.ok(number(bench, 'reclaim.nr_reclaim_tried_regions') > 0);
  assert.equal(number(bench, 'reclaim.bytes_reclaimed_regions'), 0);
});

test('DAMON_LRU_SORT moves hot memory to the active list and cold memory to the inactive one', () => {
  const bench = new ModelBench('7.3', { memoryBytes: 64 * 2 ** 20 });
  const area = bench.area(26);
  bench.touch(area);
  const hot = area.start + 13 * 512;
  bench.kernel.clock.handle('hot', () => {
    for (let page = hot; page < area.start + area.pages; page++) access(bench.kernel, area.mm, page, false);
    bench.kernel.clock.after(4e6, 'hot');
  });
  bench.kernel.clock.after(4e6, 'hot');
  write(bench, 'lru_sort.cold_min_age', 1_000_000);
  write(bench, 'lru_sort.quota_ms', 1000);
  assert.equal(write(bench, 'lru_sort.enabled', 'Y'), undefined);
  bench.advance(6000);
  assert.ok(number(bench, 'lru_sort.bytes_lru_sorted_hot_regions') > 2 ** 20);
  assert.ok(number(bench, 'lru_sort.bytes_lru_sorted_cold_regions') > 2 ** 20);
  bench.check();
});

test('DAMON_STAT tunes its intervals and tells idle times, every five seconds', () => {
  const bench = new ModelBench('7.3', { memoryBytes: 256 * 2 ** 20 });
  bench.touch(bench.area(20));
  assert.equal(write(bench, 'stat.enabled', 'Y'), undefined);
  bench.advance(4000);
  assert.equal(number(bench, 'stat.aggr_interval_us'), 0);
  bench.advance(60_000);
  assert.ok(number(bench, 'stat.aggr_interval_us') > 100_000);
  const percentiles = read(bench, 'stat.memory_idle_ms_percentiles').split(',').map(Number);
  assert.equal(percentiles.length, 101);
  assert.ok(percentiles[50] > 1000, `${percentiles}`);
  assert.ok(percentiles.every((value, index) => index === 0 || value >= percentiles[index - 1]));
  assert.equal(number(bench, 'stat.estimated_memory_bandwidth'), 0);
});
