/** Text for terminals of any width, locale and colour: nothing is lost, everything fits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from '../../../test/support/properties.js';
import { plainLetters } from './plain-letters.js';
import { styleOf } from './style.js';
import { facts, table } from './table.js';
import { layOut, PLAIN } from './terminal-text.js';
import { widthOf } from './wrap.js';

const at = (width: number) => ({ ...PLAIN, width });
const longest = (text: string) => Math.max(...text.split('\n').map(widthOf));

const STEPS = table(
  ['step', 'address', 'action', 'returns', 'reason'],
  [
    ['0', '0x7f2a40000000', 'split', '1.9 MiB', '490 of 512 sub-pages hold only zeroes'],
    ['10', '0x7f2a40200000', 'collapse', '-', 'all of it is hot'],
  ],
  [0, 3],
);

describe('a table', () => {
  test('is aligned, numbers to the right, when it fits', () => {
    assert.equal(
      layOut(STEPS, PLAIN),
      [
        'step  address         action    returns  reason',
        '   0  0x7f2a40000000  split     1.9 MiB  490 of 512 sub-pages hold only zeroes',
        '  10  0x7f2a40200000  collapse        -  all of it is hot',
      ].join('\n'),
    );
  });

  test('breaks the words of its widest column when it does not', () => {
    assert.equal(
      layOut(STEPS, at(60)),
      [
        'step  address         action    returns  reason',
        '   0  0x7f2a40000000  split     1.9 MiB  490 of 512',
        '                                         sub-pages hold only',
        '                                         zeroes',
        '  10  0x7f2a40200000  collapse        -  all of it is hot',
      ].join('\n'),
    );
  });

  test('is parted where columns cannot stand side by side, each part with the columns that name its rows', () => {
    const wide = table(
      ['time', 'process', 'resident', 'huge', 'empty', 'accesses/s', 'splits'],
      [['1 s', 'store', '512.5 MiB', '510 MiB', '417.7 MiB', '440.0 k', '0']],
      [2, 3, 4, 5, 6],
    );
    assert.equal(
      layOut(wide, at(40)),
      [
        'time  process   resident     huge',
        '1 s   store    512.5 MiB  510 MiB',
        '',
        'time  process      empty  accesses/s',
        '1 s   store    417.7 MiB     440.0 k',
        '',
        'time  process  splits',
        '1 s   store         0',
      ].join('\n'),
    );
  });

  test('stands between lines of text, and a head begins another one', () => {
    const two = `before\n${table(['a'], [['1']])}\n${table(['bb'], [['2']])}\nafter`;
    assert.equal(layOut(two, PLAIN), 'before\na\n1\nbb\n2\nafter');
  });

  test('of no rows is its head', () => assert.equal(layOut(table(['a', 'b'], []), PLAIN), 'a  b'));

  test('fits any width and keeps every letter, in order within its cell', () => {
    const cell = fc
      .array(fc.stringMatching(/^[a-z/|]{1,30}$/), { maxLength: 6 })
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 66, max: 120 }),
        (rows, width) => {
          const laid = layOut(table(['one', 'two', 'three'], rows), at(width));
          assert.ok(longest(laid) <= width, laid);
          const letters = (text: string) => [...text.replace(/\s/g, '')].sort().join('');
          assert.equal(letters(laid), letters(['one', 'two', 'three', ...rows.flat()].join('')));
        },
      ),
    );
  });
});

test('facts go on beside their name', () => {
  const text = facts([
    ['resident', '12 MiB in folios of one size or another, and some more'],
    ['zero page', '0 B'],
  ]);
  assert.equal(
    layOut(text, at(40)),
    [
      'resident   12 MiB in folios of one size',
      '           or another, and some more',
      'zero page  0 B',
    ].join('\n'),
  );
});

describe('a line that is too long', () => {
  test('goes on below what it explains', () => {
    assert.equal(
      layOut('     [--deny]...  Never touch these command names or cgroup paths', at(44)),
      '     [--deny]...  Never touch these command\n                  names or cgroup paths',
    );
  });

  test('goes on two further in, where nothing stands before it', () => {
    assert.equal(layOut('  one two three', at(10)), '  one two\n    three');
  });

  test('breaks a list of values behind its bars', () => {
    const laid = layOut('[return-empty|split-sparse|collapse-dense|named-blocks]', at(40));
    assert.ok(longest(laid) <= 40);
    assert.equal(laid.replace(/\n */g, ''), '[return-empty|split-sparse|collapse-dense|named-blocks]');
  });

  test('is left alone in a pipe', () => assert.equal(layOut('x '.repeat(500), PLAIN), 'x '.repeat(500)));
});

describe('letters', () => {
  test('are ASCII where the terminal has no others', () => {
    assert.equal(
      plainLetters('a target’s −3 MiB × 2 … ≥ 5 µs “é” 日'),
      'a target\'s -3 MiB x 2 ... >= 5 us "e" ?',
    );
    assert.equal(layOut('5 µs', { ...PLAIN, ascii: true }), '5 us');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => /^\p{ASCII}*$/u.test(plainLetters(text))),
    );
  });

  test('that a terminal obeys are not passed on, whatever a process calls itself', () => {
    assert.equal(layOut('name \u001b]0;owned\u0007\r\u009b1m', PLAIN), 'name ?]0;owned???1m');
    assert.equal(layOut(table(['command'], [['a\u001e\u001fb\n']]), PLAIN), 'command\na b');
  });
});

describe('colour', () => {
  const painted = { ...PLAIN, colour: true };
  test('marks heads, failures and answers, and only where it is wanted', () => {
    assert.equal(layOut(table(['a'], [['1']]), painted), '\u001b[1ma\u001b[22m\n1');
    assert.equal(layOut('octavo: USAGE: wrong', painted), '\u001b[31moctavo: USAGE:\u001b[39m wrong');
    assert.equal(layOut('  no       split', painted), '\u001b[31m  no\u001b[39m       split');
    assert.equal(layOut('  yes      split', painted), '\u001b[32m  yes\u001b[39m      split');
    assert.equal(layOut('note: so', painted), '\u001b[33mnote: so\u001b[39m');
    assert.equal(layOut('octavo: USAGE: wrong', PLAIN), 'octavo: USAGE: wrong');
  });

  test('changes no width', () => {
    const bare = layOut(STEPS, at(60));
    const colours = layOut(STEPS, { ...at(60), colour: true });
    assert.equal(stripVTControlCharacters(colours), bare);
  });
});

describe('the style of a stream', () => {
  const tty = { isTTY: true, columns: 132 };
  const utf8 = { LANG: 'de_DE.UTF-8' };
  test('a terminal: its width, colours', () =>
    assert.deepEqual(styleOf(utf8, tty), { width: 132, ascii: false, colour: true }));
  test('a pipe: lines as they are, no colours', () =>
    assert.deepEqual(styleOf(utf8, {}), { width: Number.POSITIVE_INFINITY, ascii: false, colour: false }));

  test('COLUMNS wins over either, and nonsense in it over neither', () => {
    assert.equal(styleOf({ ...utf8, COLUMNS: '80' }, tty).width, 80);
    assert.equal(styleOf({ ...utf8, COLUMNS: '80' }, {}).width, 80);
    assert.equal(styleOf({ ...utf8, COLUMNS: '1' }, tty).width, 40);
    for (const COLUMNS of ['', '0', 'wide', '-5', '99999'])
      assert.equal(styleOf({ COLUMNS }, tty).width, 132);
  });

  test('ASCII unless the locale says UTF-8; LC_ALL before LC_CTYPE before LANG', () => {
    const ascii = (environment: Record<string, string>) => styleOf(environment, tty).ascii;
    assert.equal(ascii({}), true);
    assert.equal(ascii({ LANG: 'C' }), true);
    assert.equal(ascii({ LANG: 'C.UTF-8' }), false);
    assert.equal(ascii({ LANG: 'en_US.utf8' }), false);
    assert.equal(ascii({ LC_ALL: 'POSIX', LANG: 'C.UTF-8' }), true);
    assert.equal(ascii({ LC_CTYPE: 'C.UTF-8', LANG: 'C' }), false);
  });

  test('NO_COLOR before FORCE_COLOR before the terminal; a dumb one has none', () => {
    const colour = (environment: Record<string, string>, stream = {}) => styleOf(environment, stream).colour;
    assert.equal(colour({ NO_COLOR: '1', FORCE_COLOR: '1' }, tty), false);
    assert.equal(colour({ NO_COLOR: '' }, tty), true);
    assert.equal(colour({ FORCE_COLOR: '1' }), true);
    assert.equal(colour({ FORCE_COLOR: '0' }, tty), false);
    assert.equal(colour({ TERM: 'dumb' }, tty), false);
    assert.equal(colour({}), false);
  });
});
