import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GENERATIONS } from '../../src/model/kernel/damon/core/generations.js';
import { isErrnoName } from '../../src/vocabulary/errno.js';
import { DamonBench } from './damon-bench.js';
import { Fuzzer } from './fuzz.js';
import { fuzzModel } from './model-fuzz.js';

for (const generation of ['7.3-rfc', '6.12'] as const) {
  test(`10 000 random writes and commands on the tree of ${generation} throw nothing`, () => {
    const bench = new DamonBench(generation);
    bench.memory.addProcess(7, [[0, 100], [200, 300], [1000, 1100]], (page) => page % 7 === 0); // biome-ignore format: a drawing
    const { tree } = bench.system;
    const target = {
      tree,
      generation: GENERATIONS[generation],
      processes: [{ pid: 7, start: 0, end: 100 * 4096 }],
      write: (path: string, text: string) =>
        bench.find(path) === undefined ? 'ENOENT' : bench.write(path, text),
      advance: (ms: number) => bench.advance(ms),
    };
    const { answers } = new Fuzzer(target, 42).run(10_000);
    for (const name of answers.keys()) assert.ok(name === 'done' || isErrnoName(name), name);
    assert.ok((answers.get('done') ?? 0) > 2000 && (answers.get('EINVAL') ?? 0) > 1000, String([...answers]));
    assert.ok(answers.has('ERANGE'));
  });
}

test('5 000 random writes over a live model leave every invariant of its memory whole', () => {
  const outcome = fuzzModel('7.3-rfc', 8, 5_000);
  assert.deepEqual(outcome.violations, []);
  assert.ok(outcome.checks >= 3 && outcome.commands > 200);
  assert.ok(outcome.split > 0 && outcome.collapsed > 0, 'schemes really acted');
});
