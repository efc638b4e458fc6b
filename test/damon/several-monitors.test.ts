/** Several kdamonds on one machine: physical beside virtual monitoring, and monitors that disturb each other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { access } from '../../src/model/kernel/access/access.js';
import { exit } from '../../src/model/kernel/address-space/processes.js';
import { type Area, BLOCK, ModelBench, PAGE } from './model-bench.js';

const MIB = 2 ** 20;

function stage(
  bench: ModelBench,
  kdamond: number,
  operations: string,
  pid: number,
  [start, end]: [number, number],
): void {
  const context = `${kdamond}/contexts/0`;
  bench.set(`${kdamond}/contexts`, { nr_contexts: 1 });
  bench.set(context, { operations, 'targets/nr_targets': 1, 'targets/0/pid_target': pid });
  bench.set(`${context}/targets/0/regions`, { nr_regions: 1, '0/start': start, '0/end': end });
}

/** Reads the first page of each block again and again. */
function keepReading(bench: ModelBench, area: Area, blocks: number, firstNs: number, everyNs: number): void {
  bench.kernel.clock.handle('reading', () => {
    for (let block = 0; block < blocks; block++)
      access(bench.kernel, area.mm, area.start + block * BLOCK, false);
    bench.kernel.clock.after(everyNs, 'reading');
  });
  bench.kernel.clock.after(firstNs, 'reading');
}

/** Bytes that the last aggregation of a kdamond saw accessed, weighted by samples. */
function hotBytes(bench: ModelBench, kdamond: number): number {
  const regions = bench.damon.kdamondOf(kdamond)?.context.targets[0]?.regions;
  assert.ok(regions);
  let bytes = 0;
  for (let index = 0; index < regions.count; index++) {
    bytes += (regions.size(index) * regions.lastAccesses[index]) / 20;
  }
  return bytes;
}

test('paddr beside vaddr: both find the same memory hot, each in its own addresses', () => {
  const bench = new ModelBench('7.3', { memoryBytes: 512 * MIB });
  const area = bench.area(64);
  bench.touch(area);
  keepReading(bench, area, 32, 1e6, 1e6);
  assert.equal(bench.write('nr_kdamonds', 2), undefined);
  stage(bench, 0, 'vaddr', area.pid, [area.start * PAGE, (area.start + area.pages) * PAGE]);
  stage(bench, 1, 'paddr', 0, [0, 512 * MIB]);
  bench.set('0', { state: 'on' });
  bench.advance(2);
  bench.set('1', { state: 'on' });
  bench.advance(10_000);
  const [virtual, physical] = [hotBytes(bench, 0), hotBytes(bench, 1)];
  for (const found of [virtual, physical]) {
    assert.ok(Math.abs(found - 64 * MIB) < 8 * MIB, `${virtual / MIB} and ${physical / MIB} MiB`);
  }
  const pids = new Set([bench.read('0/pid'), bench.read('1/pid')]);
  assert.equal(pids.size, 2);
  const process = bench.kernel.processes.get(area.pid);
  assert.ok(process);
  exit(bench.kernel, process);
  bench.kernel.processes.delete(area.pid);
  bench.advance(300);
  assert.deepEqual(
    [bench.read('0/state'), bench.read('1/state')],
    ['off', 'on'],
    'paddr outlives the process',
  );
  assert.equal(hotBytes(bench, 1), 0);
  bench.check();
});

test('a second monitor on the same memory hides accesses from the first', () => {
  const seen = (second: boolean) => {
    const bench = new ModelBench('7.3', { memoryBytes: 256 * MIB });
    const area = bench.area(16);
    bench.touch(area);
    assert.equal(bench.write('nr_kdamonds', 2), undefined);
    for (const kdamond of [0, 1]) {
      stage(bench, kdamond, 'fvaddr', area.pid, [area.start * PAGE, (area.start + area.pages) * PAGE]);
    }
    bench.set('0', { state: 'on' });
    bench.advance(2.5);
    if (second) bench.set('1', { state: 'on' });
    // In each period of the first: accessed, then made old again by the second before the first looks.
    keepReading(bench, area, 16, 4.3e6, 5e6);
    bench.advance(320);
    return hotBytes(bench, 0);
  };
  const [alone, disturbed] = [seen(false), seen(true)];
  assert.ok(alone > 28 * MIB, `${alone / MIB} MiB alone`);
  assert.ok(disturbed < alone * 0.75, `${disturbed / MIB} of ${alone / MIB} MiB`);
});

test('nr_contexts is 0 or 1, kdamonds as many as one likes, all of them off before their number changes', () => {
  const bench = new ModelBench('7.3');
  assert.equal(bench.write('nr_kdamonds', 5), undefined);
  assert.equal(bench.write('3/contexts/nr_contexts', 2), 'EINVAL');
  assert.equal(bench.write('3/contexts/nr_contexts', 1), undefined);
  bench.set('3/contexts/0', { operations: 'paddr', 'targets/nr_targets': 1 });
  bench.set('3', { state: 'on' });
  assert.equal(bench.write('nr_kdamonds', 5), 'EBUSY');
  assert.equal(bench.write('0/state', 'off'), 'EINVAL');
  bench.set('3', { state: 'off' });
  assert.equal(bench.write('nr_kdamonds', 1), undefined);
});
