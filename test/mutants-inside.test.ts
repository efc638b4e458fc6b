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
  readonly result?: {
    readonly always: Marks;
    readonly tests: readonly { readonly marks: Marks }[];
  };
}
/** Marks that were set, by file. */
type Marks = Readonly<Record<string, string>>;
interface Inside {
  run(
    request: { file: string; changed?: string; only?: readonly number[]; coverage?: boolean },
    limitMs: number,
  ): Promise<Ran>;
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
const { probed, markAt, isSet } = await load<{
  probed(text: string, index: number): { text: string; spans: number[] };
  markAt(spans: readonly number[], place: number): number;
  isSet(marks: string, k: number): boolean;
}>('probes.mjs');
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

const THREE = `export const first = load(1);
function load(a = 7) { if (a > 1) return a; return 0; }
export const pick = (a) => (a > 1 ? 'more' : 'less');
export function loop(a) { for (const one of a) if (one) continue; else return one ?? 'none'; try { return pick(2); } catch { return 'bad'; } }
`;

test('tells which places each test of a file runs, and which being loaded does', async () => {
  write('three.js', THREE);
  write(
    'marks.test.js',
    `import { test } from 'node:test'; import { loop, pick } from './three.js';
test("a", () => pick(2)); test("b", () => loop([1, 0])); test("c", () => loop([1]));`,
  );
  const { result } = await inside.run({ file: 'dist/src/marks.test.js', coverage: true }, 1500);
  assert.ok(result);
  const { spans } = probed(THREE, 0);
  const runs = (place: string) =>
    [result.always, ...result.tests.map(({ marks }) => marks)]
      .map((marks, who) =>
        isSet(marks['dist/src/three.js'] ?? '', markAt(spans, THREE.indexOf(place)))
          ? 'load,a,b,c'.split(',')[who]
          : '',
      )
      .join('');
  const wanted = {
    'if (a > 1)': 'load', '7': '', 'return a': '', 'return 0': 'load', "'more'": 'ac', "'less'": '', 'for (': 'bc',
    continue: 'bc', "'none'": '', 'return one': 'b', 'try': 'c', 'return pick': 'c', "return 'bad'": '',
  }; // biome-ignore format: rows
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((place) => [place, runs(place)])), wanted);
});

test('a program with marks does what it did', async () => {
  const texts = [
    THREE,
    'switch (first) { case 0: case 1: one(); two(); default: }',
    'label: while (true) break label;',
  ];
  for (const text of texts.slice(1)) assert.doesNotThrow(() => probed(probed(text, 0).text, 1), text);
  write('three.js', probed(THREE, 5).text);
  write(
    'same.test.js',
    `import { test } from 'node:test'; import { loop } from './three.js';
test("a", () => { if (loop([1, 0]) !== 0 || loop([]) !== 'more') throw 1; });`,
  );
  assert.equal((await inside.run({ file: 'dist/src/same.test.js' }, 1500)).outcome, 'passed');
});

test('runs those tests of a file that are asked for, of suites as well', async () => {
  write('two.js', 'export const two = 2;');
  write(
    'some.test.js',
    `${HEAD}test("a", () => { ${BAD}; });
describe("b", () => { before(() => { ${BAD}; }); it("c", () => {}); });
describe("d", () => { it("e", () => {}); it("f", () => { ${BAD}; }); });`,
  );
  const outcomes = [];
  for (const number of [0, 1, 2, 3]) {
    const ran = await inside.run({ file: 'dist/src/some.test.js', only: [number] }, 1500);
    outcomes.push(ran.outcome);
  }
  assert.deepEqual(outcomes, ['failed', 'failed', 'passed', 'failed']);
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
