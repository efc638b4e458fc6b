/** tracefs of the model: files and formats as recorded, switches, `trace` and `trace_pipe` of a running kdamond. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { ModelDirectory, ModelFile } from '../../src/model/kernel/state/file-tree.js';
import { findCorpus } from '../support/corpus.js';
import { BLOCK, ModelBench, PAGE } from './model-bench.js';

const TRACING = '/sys/kernel/tracing';
const corpus = findCorpus('data/kernel');
const skip = corpus === undefined ? 'no recordings of kernels beside the checkout' : false;

function file(bench: ModelBench, path: string): ModelFile {
  const node = bench.kernel.files.find(`${TRACING}/${path}`);
  assert.ok(typeof node === 'object' && node.kind === 'file', `${path}: ${String(node)}`);
  return node;
}

const read = (bench: ModelBench, path: string): string => {
  const content = file(bench, path).read?.();
  assert.equal(typeof content, 'string', path);
  return content as string;
};
const write = (bench: ModelBench, path: string, text: string) => file(bench, path).write?.(text);

/** A running kdamond over four huge pages. */
function running(): ModelBench {
  const bench = new ModelBench('7.3');
  const area = bench.area(4);
  bench.touch(area);
  bench.scheme(area.pid, 'stat', 'fvaddr');
  bench.set('0/contexts/0/targets/0/regions', {
    nr_regions: 1,
    '0/start': area.start * PAGE,
    '0/end': (area.start + 4 * BLOCK) * PAGE,
  });
  assert.equal(bench.write('0/state', 'on'), undefined);
  return bench;
}

for (const [release, generation] of [
  ['7.3.4', '7.3'],
  ['6.12.95', '6.12'],
] as const satisfies readonly (readonly [string, GenerationName])[]) {
  test(`formats and names of the damon events of ${release}`, { skip }, () => {
    const bench = new ModelBench(generation);
    const text = readFileSync(join(corpus ?? '', release, 'tracing-formats.txt'), 'utf8');
    const formats = text.split(/^## /m).filter((part) => part.includes('/events/damon/'));
    for (const part of formats) {
      const [path, ...lines] = part.split('\n');
      assert.equal(read(bench, path.slice(TRACING.length + 1)), lines.join('\n'), path);
    }
    const listed = readFileSync(join(corpus ?? '', release, 'tracing-events.txt'), 'utf8');
    const [, names] = /events\/damon:\n([\s\S]*?)\n\n/.exec(listed) ?? [];
    const directory = bench.kernel.files.find(`${TRACING}/events/damon`) as ModelDirectory;
    assert.deepEqual([...directory.names()].sort(), names?.split('\n').sort());
    assert.equal(formats.length, directory.names().length - 2);
  });
}

test('an event that is on fills trace; clearing, switching off and tracing_on do what they say', () => {
  const bench = running();
  assert.equal(read(bench, 'events/damon/enable'), '0\n');
  bench.advance(300);
  assert.doesNotMatch(read(bench, 'trace'), /damon_aggregated/);
  assert.equal(write(bench, 'events/damon/damon_aggregated/enable', '1\n'), undefined);
  assert.equal(read(bench, 'events/damon/enable'), 'X\n');
  assert.equal(read(bench, 'events/enable'), 'X\n');
  assert.equal(read(bench, 'set_event'), 'damon:damon_aggregated\n');
  bench.advance(300);
  const lines = read(bench, 'trace').split('\n');
  assert.equal(lines[0], '# tracer: nop');
  assert.match(lines[2], /^# entries-in-buffer\/entries-written: (\d+)\/\1 {3}#P:2$/);
  assert.match(
    lines[12],
    /^ {7}kdamond\.0-\d+ +\[00[01]\] \.{5} {5}0\.\d{6}: damon_aggregated: target_id=0 nr_regions=\d+ \d+-\d+: 0 \d+$/,
  );
  file(bench, 'trace').truncate?.();
  assert.equal(read(bench, 'trace').split('\n').length, 13);
  assert.equal(write(bench, 'tracing_on', '0'), undefined);
  bench.advance(300);
  assert.equal(read(bench, 'trace').split('\n').length, 13);
  assert.equal(write(bench, 'tracing_on', '1'), undefined);
  assert.equal(write(bench, 'events/damon/damon_aggregated/enable', '0'), undefined);
  bench.advance(300);
  assert.equal(read(bench, 'trace').split('\n').length, 13);
});

test('trace_pipe takes what it shows, whole lines, and what stays is in trace', () => {
  const bench = running();
  write(bench, 'events/damon/damos_before_apply/enable', '1');
  bench.advance(1000);
  const before = read(bench, 'trace').split('\n').length;
  const taken = file(bench, 'trace_pipe').take?.(500) ?? '';
  assert.ok(taken.length <= 500 && taken.endsWith('\n'), taken);
  assert.match(taken, /damos_before_apply: ctx_idx=0 scheme_idx=0 target_idx=0 nr_regions=/);
  assert.equal(read(bench, 'trace').split('\n').length, before - taken.trimEnd().split('\n').length);
  assert.notEqual(file(bench, 'trace_pipe').take?.(1e6), '');
  assert.equal(file(bench, 'trace_pipe').take?.(1e6), '');
});

test('the buffer is bounded: the oldest records go, the count of written ones goes on', () => {
  const bench = running();
  assert.equal(write(bench, 'buffer_size_kb', '1'), undefined);
  write(bench, 'events/damon/enable', '1');
  bench.advance(10_000);
  const [entries, all] = /(\d+)\/(\d+) {3}#P/.exec(read(bench, 'trace'))?.slice(1).map(Number) ?? [];
  assert.ok(entries > 10 && entries <= 2048 / 24 && all > 500, `${entries} of ${all}`);
});

test('set_event, markers and refusals', () => {
  const bench = running();
  assert.equal(write(bench, 'set_event', 'damon:damos_esz damon:damon_aggregated\n'), undefined);
  assert.equal(read(bench, 'set_event'), 'damon:damon_aggregated\ndamon:damos_esz\n');
  assert.equal(write(bench, 'set_event', '!damon:damos_esz'), undefined);
  assert.equal(read(bench, 'events/damon/damos_esz/enable'), '0\n');
  assert.equal(write(bench, 'set_event', 'damon:nothing'), 'EINVAL');
  file(bench, 'set_event').truncate?.();
  assert.equal(read(bench, 'set_event'), '');
  for (const [path, text] of [
    ['events/damon/enable', '2'],
    ['events/damon/damos_esz/enable', 'on'],
    ['events/damon/damos_esz/filter', 'esz > 5'],
    ['current_tracer', 'function'],
    ['buffer_size_kb', '0'],
  ]) {
    assert.equal(write(bench, path, text), 'EINVAL', path);
  }
  write(bench, 'trace_marker', 'here\n');
  assert.match(read(bench, 'trace'), /tracing_mark_write: here\n/);
  assert.match(read(bench, 'available_events'), /^damon:damon_aggregated\n/);
});
