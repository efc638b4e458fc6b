/** The mutation tester itself: each operator finds its place, each mutant is a program, the sample is seeded. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support/corpus.js';

interface Mutant {
  readonly operator: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly at: number;
}
interface Sampled extends Mutant {
  readonly room: string;
  readonly file: string;
  readonly key: string;
}
type Reaches = (ranges: readonly number[] | undefined, start: number) => boolean;

const load = async <T>(name: string) => (await import(join(ROOT, 'scripts/mutants', name))) as T;
const { mutantsOf, OPERATORS } = await load<{
  mutantsOf(text: string): Mutant[];
  OPERATORS: Readonly<Record<string, string>>;
}>('operators.mjs');
const { sample } = await load<{ sample(all: readonly Sampled[], perRoom: number, seed: string): Sampled[] }>(
  'sample.mjs',
);
const { reaches } = await load<{ reaches: Reaches }>('reach.mjs');

/** `operator: changed text` of every mutant. */
function changes(text: string): string[] {
  return mutantsOf(text).map(
    ({ operator, start, end, replacement }) =>
      `${operator}: ${text.slice(0, start)}${replacement}${text.slice(end)}`,
  );
}

const EXAMPLES: readonly [text: string, ...mutants: string[]][] = [
  ['a < b;', 'comparison: a <= b;'],
  ['a === b;', 'comparison: a !== b;'],
  ['if (a) b = c; else b = d;', 'condition: if (!(a)) b = c; else b = d;'],
  ['for (;;) { if (a) break; }', 'guard: for (;;) { ; }', 'condition: for (;;) { if (!(a)) break; }'],
  ['a && b;', 'logic: a || b;'],
  ['a ?? b;', 'default: a;'],
  ['a?.b;', 'chain: a.b;'],
  ['a?.[b];', 'chain: a[b];'],
  ['a - b;', 'arithmetic: a + b;'],
  ["a + 'b';"],
  ['a << b;', 'bits: a >> b;'],
  ['a += b;', 'assignment: a -= b;'],
  ['a++;', 'update: a--;'],
  ['a = 7;', 'number: a = 8;'],
  ['a = 7n;', 'number: a = 8n;'],
  ['a = { 7: b };'],
  ['a = true;', 'boolean: a = false;'],
  ['a = !b;', 'not: a = b;'],
  ['try { a = b; } catch { b = a; }', 'catch: try { a = b; } catch {}'],
  ['try { a = b; } finally { b = a; }', 'finally: try { a = b; } finally {}'],
  ['await a(b);', 'call: ;'],
  ['a = Math.min(b, c);', 'method: a = Math.max(b, c);'],
];

test('each operator finds its places, and nothing else', () => {
  for (const [text, ...wanted] of EXAMPLES) assert.deepEqual(changes(text), wanted, text);
  const shown = new Set(EXAMPLES.flatMap(([, ...wanted]) => wanted.map((line) => line.split(':')[0])));
  assert.deepEqual([...shown].sort(), Object.keys(OPERATORS).sort());
});

test('a place is where its expression begins, which runs also when the rest of it does not', () => {
  for (const text of ['a?.b;', 'a && b;', 'a + b;', 'a ?? b;'])
    assert.deepEqual(mutantsOf(` ${text}`)[0].at, 1, text);
});

test('every mutant of every operator is a program again', () => {
  for (const [text] of EXAMPLES)
    for (const { start, end, replacement } of mutantsOf(text))
      assert.doesNotThrow(() => mutantsOf(text.slice(0, start) + replacement + text.slice(end)), text);
});

test('the sample is seeded, takes from every operator in turn, and no more than there are', () => {
  const all = ['cycle', 'host'].flatMap((room) =>
    ['guard', 'number'].flatMap((operator) =>
      [1, 2, 3].map((start) => ({
        room, operator, start, end: start, at: start, replacement: '', file: `${room}.js`, key: `${operator}${start}`,
      })),
    ),
  ); // biome-ignore format: rows
  const four = sample(all, 2, 'seed');
  assert.deepEqual(
    four.map(({ room, operator }) => `${room} ${operator}`),
    ['cycle guard', 'cycle number', 'host guard', 'host number'],
  );
  assert.deepEqual(sample(all, 2, 'seed'), four);
  assert.equal(sample(all, 99, 'seed').length, all.length);
  assert.ok([...'abcdefgh'].some((seed) => sample(all, 2, seed)[0].key !== four[0].key));
});

test('a place is reached when a range holds it, its end excluded', () => {
  assert.deepEqual(
    [4, 5, 9, 10, 20].map((at) => reaches([5, 10, 20, 21], at)),
    [false, true, true, false, true],
  );
  assert.equal(reaches(undefined, 5), false);
});
