import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { globPattern, parseCgroupGlob, parseGlob } from './glob.js';
import { isWithin, parseHours } from './hours.js';
import { matchOf, type Names } from './match.js';

describe('a glob', () => {
  const rows: readonly (readonly [glob: string, fits: readonly string[], not: readonly string[]])[] = [
    [
      'redis-*.service',
      ['redis-1.service', 'redis-.service'],
      ['redis.service', 'redis-1xservice', 'a-redis-1.service'],
    ],
    ['a?c', ['abc'], ['ac', 'a/c', 'abcd']],
    ['/a/*', ['/a/b'], ['/a/b/c', '/a']],
    ['/a/**', ['/a/b', '/a/b/c'], ['/a', '/b']],
    ['[a-c]x', ['ax', 'cx'], ['dx', 'x']],
    ['[!a]x', ['bx'], ['ax']],
    ['a[b', ['a[b'], ['ab']],
    ['(x|y)+$', ['(x|y)+$'], ['x']],
    ['a[\\^]b', ['a^b', 'a\\b'], ['ab']],
  ];
  for (const [glob, fits, not] of rows)
    test(glob, () => {
      for (const name of fits) assert.ok(globPattern(glob).test(name), name);
      for (const name of not) assert.ok(!globPattern(glob).test(name), name);
    });

  test('is read, or refused with a reason', () => {
    assert.equal(parseGlob('a*'), 'a*');
    assert.throws(() => parseGlob(' '), /is empty/);
    assert.throws(() => parseGlob('[z-a]'), /is no glob/);
    assert.equal(parseGlob('x'.repeat(256)).length, 256);
    assert.throws(() => parseGlob('x'.repeat(257)), /longer than 256/);
    assert.equal(parseCgroupGlob('/x'), '/x');
    assert.throws(() => parseCgroupGlob('x'), /must begin with \//);
  });
});

describe('a match', () => {
  const NAMES: Names = {
    ...{
      unit: ['redis.service'],
      cgroup: ['/system.slice/redis.service'],
      container: [],
      pod: [],
      namespace: [],
    },
    ...{ vm: [], command: ['redis-server'] },
  };
  test('needs one glob of each key that is given', () => {
    assert.ok(matchOf({ unit: ['x', 'redis.*'] }).fits(NAMES));
    assert.ok(matchOf({ unit: ['redis.*'], command: ['redis-*'] }).fits(NAMES));
    assert.ok(!matchOf({ unit: ['redis.*'], command: ['x'] }).fits(NAMES));
    assert.ok(!matchOf({ vm: ['*'] }).fits(NAMES));
    assert.ok(!matchOf({}).fits(NAMES));
    assert.ok(!matchOf({ unit: [] }).fits(NAMES));
  });

  test('of a cgroup takes all that is below it', () => {
    for (const glob of ['/', '/system.slice', '/system.*', '/system.slice/redis.service', '/**'])
      assert.ok(matchOf({ cgroup: [glob] }).fits(NAMES), glob);
    for (const glob of ['/system', '/system.slice/redis', '/user.slice'])
      assert.ok(!matchOf({ cgroup: [glob] }).fits(NAMES), glob);
  });

  test('says what it is, and whether it fits everybody', () => {
    assert.equal(matchOf({ unit: ['a', 'b'], command: ['c'] }).words, 'unit a or b, command c');
    assert.ok(matchOf({ command: ['*'] }).isEverything);
    assert.ok(matchOf({ cgroup: ['/**'] }).isEverything);
    assert.ok(!matchOf({ command: ['*'], unit: ['*'] }).isEverything);
    assert.ok(!matchOf({}).isEverything);
  });
});

describe('hours', () => {
  const at = (text: string) => Date.parse(`2026-11-${text}Z`);
  /** 2026-11-30 is a Monday. */
  const rows: readonly (readonly [hours: string, within: readonly string[], not: readonly string[]])[] = [
    ['22:00-06:00 UTC', ['30T22:00:00', '30T05:59:59', '29T23:00:00'], ['30T06:00:00', '30T21:59:59']],
    ['Mon 22:00-06:00 utc', ['30T23:00:00'], ['30T05:00:00', '29T23:00:00']],
    ['Sun 22:00-06:00 UTC', ['29T23:00:00', '30T05:00:00'], ['30T23:00:00']],
    ['Sat,Sun 00:00-24:00 UTC', ['28T00:00:00', '29T23:59:00'], ['30T12:00:00', '27T12:00:00']],
    ['fri-mon 1:00-2:00 UTC', ['27T01:30:00', '30T01:00:00'], ['26T01:30:00', '24T01:30:00', '30T02:00:00']],
    ['5:00-5:00 UTC', ['30T05:00:00', '30T04:59:00', '30T12:00:00'], []],
  ];
  for (const [hours, within, not] of rows)
    test(hours, () => {
      for (const time of within) assert.ok(isWithin([parseHours(hours)], at(time)), time);
      for (const time of not) assert.ok(!isWithin([parseHours(hours)], at(time)), time);
    });

  test('are local without UTC, always when there are none, and any of several', () => {
    const noon = new Date(2026, 10, 30, 12).getTime();
    assert.ok(isWithin([parseHours('Mon 12:00-12:01')], noon));
    assert.ok(!isWithin([parseHours('Tue 12:00-12:01')], noon));
    assert.ok(isWithin([], noon));
    assert.ok(isWithin([parseHours('1:00-2:00'), parseHours('12:00-13:00')], noon));
  });

  test('that are none are refused', () => {
    for (const text of [
      '',
      '22-6',
      '25:00-26:00',
      '22:60-23:00',
      '24:01-1:00',
      'Xyz 1:00-2:00',
      'Mon-Tue-Wed 1:00-2:00',
    ])
      assert.throws(() => parseHours(text), SyntaxError, text);
  });
});
