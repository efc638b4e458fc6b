import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import { schemaWords } from './schema-words.js';

const schema = z.strictObject({
  text: z.string(),
  count: z.int().min(2).max(9),
  choice: z.enum(['left', 'right']),
  list: z.array(z.number()).min(1),
  either: z.union([z.string(), z.number()]),
  set: z.object({}),
  day: z.date(),
});
const good = { text: 'x', count: 3, choice: 'left', list: [1], either: 1, set: {}, day: new Date(0) };

/** What is said about `good` with some keys changed. */
function said(changed: Record<string, unknown>): string | undefined {
  const found = schema.safeParse({ ...good, ...changed }, { error: schemaWords });
  return found.success ? undefined : found.error.issues[0]?.message;
}

const CASES: readonly (readonly [changed: Record<string, unknown>, says: string | undefined])[] = [
  [{}, undefined],
  [{ text: undefined }, 'is missing'],
  [{ text: 5 }, 'must be a text, not 5'],
  [{ text: null }, 'must be a text, not empty'],
  [{ text: [1] }, 'must be a text, not a list'],
  [{ set: 'x' }, 'must be a set of keys, not "x"'],
  [{ text: { a: 1 } }, 'must be a text, not a set of keys'],
  [{ count: '3' }, 'must be a number, not "3"'],
  [{ count: 1 }, 'must be at least 2'],
  [{ count: 10 }, 'must be at most 9'],
  [{ count: 2.5 }, 'must be a whole number, not 2.5'],
  [{ choice: 'up' }, 'must be left or right, not "up"'],
  [{ choice: undefined }, 'is missing'],
  [{ list: [] }, 'must be at least 1 entries long'],
  [{ either: undefined }, 'is missing'],
  [{ either: true }, 'must be of another kind than true'],
  [{ day: 1 }, 'must be date, not 1'],
  [{ extra: 1 }, 'unknown key extra'],
];

for (const [changed, says] of CASES) {
  test(`${JSON.stringify(changed)}: ${says ?? 'is right'}`, () => assert.equal(said(changed), says));
}

test('a long value is shown in part', () => {
  assert.equal(said({ count: 'y'.repeat(100) }), `must be a number, not "${'y'.repeat(39)}…`);
});
