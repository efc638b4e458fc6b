/** The mutation tester's own runner: what passes and fails under node:test passes and fails in it, again and again. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from './support/corpus.js';

interface Ran {
  readonly outcome: string;
  readonly problem?: string;
  readonly result?: readonly { readonly url: string }[];
}
interface Inside {
  run(request: { file: string; changed?: string; coverage?: boolean }, limitMs: number): Promise<Ran>;
  end(): void;
}
interface Closure {
  readonly files: ReadonlySet<string>;
  readonly digest: string;
  readonly startsPrograms: boolean;
}
const load = async <T>(name: string) => (await import(join(ROOT, 'scripts/mutants', name))) as T;
const { InsideProcess } = await load<{ InsideProcess: new (sandbox: object) => Inside }>(
  'inside-process.mjs',
);
const { Closures } = await load<{ Closures: new (root: string) => { of(test: string): Closure } }>(
  'closure.mjs',
);

const folder = mkdtempSync(join(tmpdir(), 'octavo-inside-'));
mkdirSync(join(folder, 'dist/src'), { recursive: true });
const write = (name: string, text: string) => writeFileSync(join(folder, 'dist/src', name), text);
const inside = new InsideProcess({ folder, environment: {} });
after(() => {
  inside.end();
  rmSync(folder, { recursive: true, force: true });
});

const HEAD = `import { after, afterEach, before, beforeEach, describe, it, mock, test } from 'node:test'; import { two } from './two.js';\n`;
const BAD = `throw new Error('wanted')`;
const FILES: readonly (readonly [name: string, outcome: string, text: string])[] = [
  ['passes', 'passed', 'test("a", () => { if (two !== 2) throw new Error("not two"); });'],
  ['fails', 'failed', `test("a", () => { ${BAD}; });`],
  ['fails later', 'failed', `test("a", async () => { await new Promise((r) => setTimeout(r, 5)); ${BAD}; });`],
  ['fails while loaded', 'failed', BAD],
  ['fails in a suite of a suite', 'failed', `describe("a", () => { describe("b", () => { it("c", () => { ${BAD}; }); }); });`],
  ['fails in a test of a test', 'failed', `test("a", async (t) => { await t.test("b", () => { ${BAD}; }); });`],
  ...['before', 'after', 'beforeEach', 'afterEach'].map(
    (hook) => [`fails in ${hook}`, 'failed', `${hook}(() => { ${BAD}; }); test("a", () => {});`] as const,
  ),
  ['fails at the end of a test', 'failed', `test("a", (t) => { t.after(() => { ${BAD}; }); });`],
  ['is left out', 'passed', `test("a", { skip: true }, () => { ${BAD}; }); test("b", { todo: true }, () => { ${BAD}; });`],
  ['rejects unseen', 'failed', `test("a", () => { void Promise.reject(new Error("unseen")); });`],
  ['puts mocks back', 'passed', 'test("a", (t) => { t.mock.method(Math, "sign", () => 7); }); test("b", () => { if (Math.sign(3) !== 1) throw 1; });'],
  ['ends the process', 'ended', 'test("a", () => process.exit(0));'],
  ['turns forever', 'timeout', 'test("a", () => { for (;;); });'],
  ['waits forever', 'timeout', 'test("a", () => new Promise(() => undefined));'],
]; // biome-ignore format: rows

test('passes and fails as node:test does, and goes on after what ends or hangs', async () => {
  write('two.js', 'export const two = 2;');
  for (const [index, [name, outcome, text]] of FILES.entries()) {
    write(`t${index}.test.js`, HEAD + text);
    const ran = await inside.run({ file: `dist/src/t${index}.test.js` }, 1500);
    assert.equal(ran.outcome, outcome, `${name}: ${ran.problem}`);
  }
});

test('a changed file is read anew, and only while it is called changed', async () => {
  write('two.js', 'export const two = 2;');
  const file = 'dist/src/t0.test.js';
  assert.equal((await inside.run({ file }, 1500)).outcome, 'passed');
  write('two.js', 'export const two = 3;');
  assert.match((await inside.run({ file, changed: 'dist/src/two.js' }, 1500)).problem ?? '', /not two/);
  assert.equal((await inside.run({ file }, 1500)).outcome, 'passed');
});

test('tells what a test file ran', async () => {
  write('two.js', 'export const two = 2;');
  const { result = [] } = await inside.run({ file: 'dist/src/t0.test.js', coverage: true }, 1500);
  assert.deepEqual(result.map(({ url }) => url.split('/').at(-1)).sort(), ['t0.test.js', 'two.js']);
});

test('what a test file can reach is what it, its helpers and what those name import', () => {
  mkdirSync(join(folder, 'dist/test'), { recursive: true });
  writeFileSync(
    join(folder, 'dist/test/help.js'),
    "import { spawn } from 'node:child_process'; new URL('../src/three.js', import.meta.url);",
  );
  write('three.js', "import('./two.js');");
  write('reach.test.js', "import '../test/help.js'; import './gone.js';");
  const reached = new Closures(folder).of('dist/src/reach.test.js');
  assert.deepEqual([...reached.files].sort(), [
    'dist/src/reach.test.js', 'dist/src/three.js', 'dist/src/two.js', 'dist/test/help.js',
  ]); // biome-ignore format: a row
  assert.equal(reached.startsPrograms, true);
  assert.equal(new Closures(folder).of('dist/src/t0.test.js').startsPrograms, false);
  assert.equal(new Closures(folder).of('dist/src/reach.test.js').digest, reached.digest);
  write('two.js', 'export const two = 4;');
  assert.notEqual(new Closures(folder).of('dist/src/reach.test.js').digest, reached.digest);
});
