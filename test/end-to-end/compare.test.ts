/** Where the results of `octavo compare` go. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { OctavoRunner } from './octavo.js';

const octavo = new OctavoRunner();
after(() => octavo.remove());

const SCENARIO = octavo.path('tiny.yaml');
writeFileSync(
  SCENARIO,
  `octavo: scenario
version: 1
about: tiny
duration: 1s
host: { cpu: zen4, memory: 128MiB }
processes:
  - { name: a, workload: sparse-blocks, with: { size: 8MiB }, think: 10us }
`,
);
const WORDS = ['compare', SCENARIO, '--policies', 'never', '--seeds', '1'];

test('a picture for - is standard output, and the tables are remarks', async () => {
  const { code, stdout, stderr } = await octavo.run([...WORDS, '--svg', '-']);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^<svg[\s\S]*<\/svg>\s*$/);
  assert.match(stderr, /1 place/);
});

test('two results for standard output are refused before anything runs', async () => {
  for (const [more, told] of [
    [['--csv', '--json'], '--json and --csv both want standard output'],
    [['--csv', '--html', '-'], '--csv and --html - both want standard output'],
  ] as const) {
    const { code, stderr } = await octavo.run([...WORDS, ...more]);
    assert.deepEqual([code, stderr.includes(told)], [2, true], stderr);
  }
});
