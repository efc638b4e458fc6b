/** The vectors that real kernels were recorded with (test/fixtures/vectors, lab/record-kernel.ts), on the model. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { KDAMONDS_PATH } from '../../src/model/kernel/damon/on-model/model-damon.js';
import type { ModelFile } from '../../src/model/kernel/state/file-tree.js';
import { ROOT } from '../support/corpus.js';
import { runVector, VECTORS, type VectorKernel } from './kernel-vectors.js';
import { ModelBench, PAGE } from './model-bench.js';

/** Lines below each `## NAME`. */
function recorded(series: string): Map<string, string[]> {
  const text = readFileSync(join(ROOT, 'test/fixtures/vectors', `${series}.txt`), 'utf8');
  const parts = text.split(/^## /m).slice(1);
  return new Map(
    parts.map((part) => {
      const [name, ...lines] = part.trimEnd().split('\n');
      return [name, lines];
    }),
  );
}

/** Two idle processes with an area of 16 Ki base pages each, as the recorder's workload has it. */
function modelOf(series: '7.3' | '6.12'): VectorKernel {
  const bench = new ModelBench(series, { memoryBytes: 512 * 2 ** 20 });
  bench.kernel.thp.enabled = 'never';
  const [first, second] = [bench.area(32), bench.area(32)];
  for (const area of [first, second]) bench.touch(area);
  const file = (path: string): ModelFile | string => {
    const node = bench.kernel.files.find(path.startsWith('/') ? path : `${KDAMONDS_PATH}/${path}`);
    if (typeof node === 'string') return node;
    return node.kind === 'file' ? node : 'EISDIR';
  };
  const kernel: VectorKernel = {
    write: (path, text) => {
      const found = file(path);
      return typeof found === 'string' ? found : (found.write?.(text) ?? 'ok');
    },
    read: (path) => {
      const found = file(path);
      const content = typeof found === 'string' ? { errno: found } : (found.read?.() ?? { errno: 'EIO' });
      return typeof content === 'string' ? content.replace(/\n$/, '') : content.errno;
    },
    trace: () => {
      const lines = kernel.read('/sys/kernel/tracing/trace').split('\n');
      return lines.flatMap((line) => /^.{16}-\d+ .*?: (damo\w+: .*)$/.exec(line)?.[1] ?? []);
    },
    wait: async (ms) => bench.advance(ms),
    pids: [first.pid, second.pid],
    start: BigInt(first.start * PAGE),
  };
  return kernel;
}

for (const series of ['7.3', '6.12'] as const) {
  const expected = recorded(series);
  for (const vector of VECTORS[series]) {
    test(`${series}: ${vector.name}`, async () => {
      const kernel = modelOf(series);
      kernel.write('/sys/kernel/tracing/events/damon/enable', '1');
      assert.deepEqual(await runVector(vector, kernel), expected.get(vector.name));
    });
  }
}
