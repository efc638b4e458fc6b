import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { schemaProblem } from './schema-words.js';

const SCHEMA = z.strictObject({
  version: z.literal(1),
  name: z.string().min(1),
  how: z.enum(['split', 'collapse']),
  steps: z.array(z.strictObject({ block: z.int().nonnegative(), share: z.number().max(1).gt(0) })),
  step: z.number().multipleOf(4),
  flag: z.boolean(),
  either: z.union([z.literal('a'), z.object({ b: z.string() })]),
  text: z.string().regex(/^x/),
  own: z.number().refine((value) => value !== 13, 'is unlucky'),
});

const SOUND = {
  ...{ version: 1, name: 'n', how: 'split', steps: [{ block: 1, share: 0.5 }], step: 8 },
  ...{ flag: true, either: 'a', text: 'xy', own: 1 },
};

const told = (changed: unknown) => {
  const parsed = SCHEMA.safeParse(changed);
  assert.ok(!parsed.success);
  return schemaProblem(parsed.error);
};

describe('what a schema found wrong, with the path', () => {
  const rows: readonly (readonly [
    change: Readonly<Record<string, unknown>>,
    place: string,
    problem: string,
  ])[] = [
    [{ extra: 1 }, 'extra', 'has the unknown key `extra`'],
    [{ steps: [{ block: 1, share: 0.5, x: 1 }] }, 'steps.0.x', 'has the unknown key `x`'],
    [{ version: 2 }, 'version', 'should be `1`'],
    [{ how: 'melt' }, 'how', 'should be one of `split`, `collapse`'],
    [{ name: 5 }, 'name', 'should be a text'],
    [{ name: undefined }, 'name', 'lacks this text'],
    [{ name: '' }, 'name', 'should be at least 1'],
    [{ steps: {} }, 'steps', 'should be a list'],
    [{ steps: [5] }, 'steps.0', 'should be a set of keys'],
    [{ steps: [{ block: 1.5, share: 1 }] }, 'steps.0.block', 'should be a whole number'],
    [{ steps: [{ block: -1, share: 1 }] }, 'steps.0.block', 'should be at least 0'],
    [{ steps: [{ block: 1, share: 2 }] }, 'steps.0.share', 'should be at most 1'],
    [{ steps: [{ block: 1, share: 0 }] }, 'steps.0.share', 'should be at least 0, and more'],
    [{ step: 5 }, 'step', 'should be a multiple of 4'],
    [{ flag: 'yes' }, 'flag', 'should be true or false'],
    [{ either: 7 }, 'either', 'has none of the forms that it may have'],
    [{ text: 'y' }, 'text', 'is not written as it should be'],
    [{ own: 13 }, 'own', 'is unlucky'],
  ];
  for (const [change, place, problem] of rows)
    test(JSON.stringify(change), () => assert.deepEqual(told({ ...SOUND, ...change }), { place, problem }));

  test('something else altogether', () => {
    assert.deepEqual(told([]), { place: 'the top level', problem: 'should be a set of keys' });
    assert.deepEqual(told(undefined), { place: 'the top level', problem: 'lacks this set of keys' });
  });
});
