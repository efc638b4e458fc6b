/** Parameters of kinds: what a field takes, what it is without a value, and how several kinds share one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as z from 'zod';
import * as field from './field.js';
import * as kind from './kind.js';
import { QUANTITIES } from './quantities.js';

const PAGES = kind.count({ brief: 'how many pages', min: 1, max: 9 });
const ROOM = kind.size({ brief: 'how much room', min: 4096, max: 2 ** 20, option: 'roomSize' });

/** The first problem of a value, undefined when it is taken. */
function problem(schema: z.ZodType, value: unknown): string | undefined {
  return schema.safeParse(value).error?.issues[0]?.message;
}

test('a quantity takes a number or a text of its unit, both ends of the range included', () => {
  for (const [given, value] of [
    [1, 1],
    [9, 9],
    ['3', 3],
  ])
    assert.equal(PAGES.parse(given), value);
  assert.equal(ROOM.parse('8K'), 8192);
  for (const bad of [0, 10, 1.5, '0', '10', 'some', true, null]) {
    assert.equal(problem(PAGES, bad), 'must be a whole number from 1 to 9', String(bad));
  }
  assert.equal(problem(ROOM, 4095), 'must be a size from 4K to 1M');
  assert.equal(problem(kind.factor({ brief: 'x', min: 0, max: 2 }), 1.5), undefined);
});

test('a share is from 0 to 1 unless its field says other bounds', () => {
  const whole = kind.share({ brief: 'x' });
  assert.deepEqual(
    [0, 1, '50%'].map((value) => whole.parse(value)),
    [0, 1, 0.5],
  );
  assert.equal(problem(whole, 1.01), 'must be a share from 0 to 1');
  assert.equal(problem(whole, -0.01), 'must be a share from 0 to 1');
  assert.equal(problem(kind.share({ brief: 'x', min: 0.5 }), 0.4), 'must be a share from 0.5 to 1');
  assert.equal(problem(kind.share({ brief: 'x', max: 0.5 }), 0.6), 'must be a share from 0 to 0.5');
});

test('a fault in a parser is a fault, not a value of the wrong kind', (t) => {
  t.mock.method(QUANTITIES.duration, 'read', () => {
    throw new RangeError('a fault');
  });
  const wait = kind.duration({ brief: 'how long', min: 0, max: 1000 });
  assert.throws(() => wait.safeParse('1s'), RangeError);
});

test('switches and choices say what they take', () => {
  assert.equal(problem(kind.toggle({ brief: 'x' }), 'yes'), 'must be true or false');
  const side = kind.choice(['left', 'right'], { brief: 'x' });
  assert.equal(side.parse('left'), 'left');
  assert.equal(problem(side, 'up'), 'must be one of left, right');
});

test('fields know their option, their value when none is given, and whether one must be', () => {
  const shape = { pages: PAGES, room: ROOM.default(8192), rest: kind.toggle({ brief: 'rest' }).optional() };
  const fields = kind.fieldsOf(z.strictObject(shape));
  assert.deepEqual(
    fields.map(({ name, option, fallback, isRequired }) => [name, option, fallback, isRequired]),
    [
      ['pages', 'pages', undefined, true],
      ['room', 'roomSize', 8192, false],
      ['rest', 'rest', undefined, false],
    ],
  );
  assert.equal(fields[1].brief, 'how much room');
  assert.throws(() => kind.fieldsOf(z.object({ odd: z.string() })), /parameter odd is not declared/);
});

test('kinds share a parameter by one declaration, each with its own default', () => {
  const of = (pages: z.ZodType) => ({ brief: 'a kind', parameters: z.strictObject({ pages }) });
  const [pages] = kind.unionOf({ one: of(PAGES), two: of(PAGES.default(3)) });
  assert.deepEqual(pages.owners, [
    { kind: 'one', fallback: undefined },
    { kind: 'two', fallback: 3 },
  ]);
  assert.equal('fallback' in pages, false);
  const twin = kind.count({ brief: 'how many pages', min: 1, max: 9 });
  assert.throws(() => kind.unionOf({ one: of(PAGES), two: of(twin) }), /two declares pages/);
  assert.throws(() => kind.composedParameters({ one: of(PAGES), two: of(twin) }), /two declares pages/);
});

test('a composed kind has the parameters of its parts, and its own defaults for them', () => {
  const parts = {
    one: { brief: 'a', parameters: z.strictObject({ pages: PAGES.default(3) }) },
    two: { brief: 'b', parameters: z.strictObject({ room: ROOM.default(8192) }) },
  };
  assert.deepEqual(kind.composedParameters(parts).parse({}), { pages: 3, room: 8192 });
  const other = kind.composedParameters(parts, { pages: PAGES.default(5) });
  assert.deepEqual(other.parse({}), { pages: 5, room: 8192 });
  assert.throws(() => other.parse({ more: 1 }));
  assert.deepEqual(kind.ownOf(parts.one.parameters, { pages: 7, room: 4096 }), { pages: 7 });
});

test('values are shown as options write them', () => {
  const spelling = (schema: z.ZodType) => kind.fieldsOf(z.object({ it: schema }))[0].spelling;
  const rest = spelling(kind.toggle({ brief: 'x' }));
  assert.deepEqual([field.shownValue(rest, true), field.shownValue(rest, false)], ['yes', 'no']);
  assert.equal(field.shownValue(spelling(ROOM), 8192), '8K');
  assert.equal(field.shownValue(spelling(kind.choice(['a'], { brief: 'x' })), 'a'), 'a');
  const list = { type: 'text', parse: Object.assign(String, { accepts: 'x' }), isList: true } as const;
  assert.equal(field.shownValue(list, ['a', 'b']), 'a, b');
  assert.equal(field.optionWords('sparseBelow'), 'sparse-below');
});

test('a text is kept as it was written when its parser takes it', () => {
  const parse = Object.assign((text: string) => Number(text) || assert.fail(new SyntaxError('no')), {
    accepts: 'a number but 0',
  });
  const field = kind.words(parse, { brief: 'x' });
  assert.equal(field.parse('1e3'), '1e3');
  assert.equal(problem(field, '0'), 'must be a number but 0');
  const [{ spelling }] = kind.fieldsOf(z.object({ it: field }));
  assert.ok(spelling.type === 'text');
  assert.deepEqual([spelling.isList, spelling.parse.accepts], [false, 'a number but 0']);
  assert.equal(spelling.parse('7'), '7');
  assert.throws(() => spelling.parse('0'), SyntaxError);
});
