/** Test files that share a process are all run, and none of them hides what the others say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const scriptAt = (name: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../scripts/${name}`, import.meta.url)));
const root = mkdtempSync(join(tmpdir(), 'octavo-test-plan-'));
after(() => rmSync(root, { recursive: true, force: true }));
mkdirSync(join(root, 'dist/src/base'), { recursive: true });
writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
// What a test calls may end the process, where its own text does not say so.
writeFileSync(join(root, 'end.js'), 'export const end = () => process.exit(0);');

const HEAD = "import { test } from 'node:test'; import { end } from '../../../end.js';";
const passing = (name: string) => `${HEAD} test('${name}', () => undefined);`;

/** Runs the files as planned; the top-level results, and whether the run says that all passed. */
function run(files: Readonly<Record<string, string>>): { readonly results: string[]; readonly ok: boolean } {
  const paths = Object.entries(files).map(([name, text]) => {
    const path = join(root, `dist/src/base/${name}.test.js`);
    writeFileSync(path, text);
    return path;
  });
  const program = `import { groupsOf } from ${scriptAt('test-plan.mjs')};
    import { runTests } from ${scriptAt('run-tests.mjs')};
    const groups = groupsOf(${JSON.stringify(root)}, ${JSON.stringify(paths)});
    process.exitCode = (await runTests(groups, process.stdout)) ? 0 : 9;`;
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const path = join(root, 'run.mjs');
  writeFileSync(path, program);
  const { stdout, status, stderr } = spawnSync(process.execPath, [path], { encoding: 'utf8', env });
  assert.ok(status === 0 || status === 9, stderr);
  return { results: stdout.split('\n').filter((line) => /^(not )?ok /.test(line)), ok: status === 0 };
}

test('no file is lost, however many share a process', () => {
  const names = Array.from({ length: 25 }, (_, index) => `each${index}`);
  const { results, ok } = run(Object.fromEntries(names.map((name) => [name, passing(name)])));
  assert.ok(ok, results.join('\n'));
  assert.deepEqual(results.map((line) => line.replace(/^ok \d+ - /, '')).sort(), names.sort());
});

test('a failure is one of its own test, and the files behind it run', () => {
  const failing = `${HEAD} test('fails', () => { throw new Error('as wanted'); });`;
  const { results, ok } = run({ a: failing, b: 'import "./absent.js";', c: passing('c') });
  assert.equal(ok, false);
  assert.deepEqual(results, ['not ok 1 - fails', 'not ok 2 - ../src/base/b.test.js', 'ok 3 - c']);
});

test('a process that calls process.exit() fails the run, whichever code it ends with', () => {
  const ending = `${HEAD} test('ends', () => end());`;
  for (const files of [
    { a: passing('a'), b: ending, c: passing('c') },
    { a: `${HEAD} end();`, b: passing('b') },
  ])
    assert.equal(run(files).ok, false, JSON.stringify(files));
});
