/** Groups of test files are reported as one run, and a failure in any of them is one of the run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const RUNNER = fileURLToPath(new URL('../../scripts/run-tests.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'octavo-run-tests-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = "import { test } from 'node:test';";
const FILES = {
  good: `${HEAD} test('good', () => undefined); test('left out', { skip: 'no' }, () => undefined);`,
  bad: `${HEAD} test('bad', () => { throw new Error('as wanted'); });`,
  later: `${HEAD} test('later', { todo: true }, () => { throw new Error('as known'); });`,
  gone: 'process.exit(3);',
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, `${name}.test.mjs`), text);

/** Top-level lines of the report, and whether the run says that all passed. */
function report(...groups: (keyof typeof FILES)[][]): { readonly lines: string; readonly ok: boolean } {
  const given = groups.map((names) => ({
    files: names.map((name) => join(folder, `${name}.test.mjs`)),
    concurrency: 2,
  }));
  const program = `import { runTests } from ${JSON.stringify(RUNNER)};
    process.exitCode = (await runTests(${JSON.stringify(given)}, process.stdout)) ? 0 : 9;`;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const path = join(folder, 'run.mjs');
  writeFileSync(path, program);
  const { stdout, status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', env });
  assert.ok(status === 0 || status === 9, stderr);
  const kept = stdout
    .split('\n')
    .filter((line) => /^(ok|not ok|1\.\.|# (tests|pass|fail|skipped|todo) )/.test(line));
  return { lines: kept.map((line) => line.replace(folder, '')).join('\n'), ok: status === 0 };
}

test('two groups are counted on, with one plan and one summary', () => {
  assert.deepEqual(report(['good'], [], ['good', 'later']), {
    lines:
      'ok 1 - good\nok 2 - left out # SKIP no\nok 3 - good\nok 4 - left out # SKIP no\nnot ok 5 - later # TODO\n' +
      '1..5\n# tests 5\n# pass 2\n# fail 0\n# skipped 2\n# todo 1',
    ok: true,
  });
});

test('a failure in any group, and a file that ends by itself, fail the run', () => {
  for (const groups of [
    [['bad'], ['good']],
    [['good'], ['bad']],
    [['good'], ['gone']],
  ] as const) {
    const { lines, ok } = report(...groups.map((group) => [...group]));
    assert.equal(ok, false, lines);
    assert.match(lines, /^not ok \d/m);
    assert.match(lines, /# pass 1\n# fail 1\n/);
  }
});
