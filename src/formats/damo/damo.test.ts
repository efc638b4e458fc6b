import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type DamonContext, filterOf, schemeOf } from '../../vocabulary/damon.js';
import { parseDamoFile } from './parse.js';
import { damoFile } from './print.js';
import { formatSize, formatTime, LARGEST, parseShare, parseSize, parseTime } from './quantities.js';
import { parseDamoText } from './text.js';

test('quantities are read as damo spells them', () => {
  const sizes: [string | number, bigint | undefined][] = [
    ['4.000 KiB', 4096n],
    ['2M', 2097152n],
    ['1.5 GiB', 1610612736n],
    ['281,474,976,710,656', 281474976710656n],
    ['max', LARGEST],
    ['min', 0n],
    [4096, 4096n],
    ['16 EiB', LARGEST],
    ['4 potatoes', undefined],
    ['1.2.3 K', undefined],
  ];
  for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, String(text));
  const times: [string, bigint | undefined][] = [
    ['5 ms', 5000n],
    ['1s', 1000000n],
    ['1 m 30 s', 90000000n],
    ['2.5 ms', 2500n],
    ['100000', 100000n],
    ['0 ns', 0n],
    ['5 weeks', undefined],
    ['ms', undefined],
    ['5 ms and more', undefined],
  ];
  for (const [text, us] of times) assert.equal(parseTime(text, 1000n), us, text);
  assert.equal(parseShare('12.5 %', 1000), 125n);
  assert.equal(parseShare('4 %', 10000), 400n);
  assert.equal(parseShare('x %', 1000), undefined);
});

test('every size and time is printed so that it comes back', () => {
  const word = fc.bigInt({ min: 0n, max: LARGEST });
  fc.assert(fc.property(word, (bytes) => assert.equal(parseSize(formatSize(bytes)), bytes)));
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 2n ** 53n }), (us) =>
      assert.equal(parseTime(formatTime(us, 1000n), 1000n), us),
    ),
  );
});

const SCHEMES = `[{ "access_pattern": { "sz_bytes": {"min": "min", "max": "max"}, "nr_accesses": {"min": "min", "max": "40 %"},
 "age": {"min": "1s", "max": "max"} }, "action": "pageout",
 "filters": [{ "name": "0", "filter_type": "memcg", "memcg_path": "/a", "matching": true }], "surprise": 1 }]`;

test('a schemes file: percents and times become samples and aggregations, strangers are named', () => {
  const parsed = parseDamoFile(JSON.parse(SCHEMES));
  assert.ok(parsed.ok);
  const [scheme] = parsed.value.schemes;
  assert.deepEqual(scheme.pattern.accesses, [0n, 8n]);
  assert.deepEqual(scheme.pattern.age, [10n, 4294967295n]);
  assert.deepEqual(scheme.pattern.size, [0n, LARGEST]);
  assert.deepEqual(
    [scheme.action, scheme.filters[0].type, scheme.filters[0].memcgPath],
    ['pageout', 'memcg', '/a'],
  );
  assert.deepEqual(parsed.value.ignored, ['schemes[0].surprise']);
});

test('a problem names its place', () => {
  const cases: [unknown, string][] = [
    [
      { kdamonds: [{ contexts: [{ intervals: { sample_us: '5 weeks' } }] }] },
      'kdamonds[0].contexts[0].intervals.sample_us',
    ],
    [{ kdamonds: [{ contexts: [] }] }, 'kdamonds'],
    [{ kdamonds: [{ contexts: [{}, {}] }] }, 'kdamonds[0].contexts'],
    [
      { kdamonds: [{ contexts: [{ schemes: [{ filters: [{}] }] }] }] },
      'kdamonds[0].contexts[0].schemes[0].filters[0].filter_type',
    ],
    [{ other: 1 }, 'top level'],
    ['text', 'top level'],
    [{ kdamonds: { a: 1 } }, 'kdamonds'],
  ];
  for (const [tree, place] of cases) {
    const parsed = parseDamoFile(tree);
    assert.ok(!parsed.ok, place);
    assert.equal(parsed.error.place, place === 'top level' && tree === 'text' ? parsed.error.place : place);
  }
});

test('a context printed and read again is the same', () => {
  const context: DamonContext = {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: {
      sampleUs: 5000n,
      aggregationUs: 100_001n,
      updateUs: 60_000_000n,
      goal: { accessBasisPoints: 400n, aggregations: 3n, minSampleUs: 5000n, maxSampleUs: 10_000_000n },
    },
    regions: { min: 10n, max: 1000n },
    targets: [{ pid: 42, obsolete: false, regions: [{ start: 2097152n, end: 4194304n }] }],
    schemes: [
      schemeOf('collapse', {
        targetOrder: 4,
        pattern: { size: [4096n, LARGEST], accesses: [0n, 4294967295n], age: [5n, 17n] },
        quotas: {
          ms: 10n,
          bytes: 134217728n,
          resetMs: 1000n,
          weights: { size: 0, accesses: 1000, age: 500 },
          goals: [{ metric: 'user_input', target: 10000n, current: 9000n, nid: 0, path: '' }],
          goalTuner: 'temporal',
        },
        watermarks: { metric: 'free_mem_rate', intervalUs: 5_000_000n, high: 500n, mid: 400n, low: 200n },
        filters: [
          filterOf('addr', { allow: true, address: { start: 4096n, end: 8192n } }),
          filterOf('hugepage_size', { matching: false, size: [2097152n, LARGEST] }),
          filterOf('target', { targetIndex: 3 }),
        ],
        maxSnapshots: 1n,
      }),
    ],
  };
  const printed = JSON.parse(JSON.stringify(damoFile([{ state: 'off', pid: -1, context }])));
  const parsed = parseDamoFile(printed);
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.contexts, [context]);
  assert.deepEqual(parsed.value.ignored, []);
});

test('a problem of a text names its line, whether YAML or JSON, syntax or sense', () => {
  const cases: [string, RegExp, string][] = [
    [
      'kdamonds:\n- contexts:\n  - ops: vaddr\n    intervals:\n      sample_us: soon\n',
      /`soon` cannot be understood/,
      'kdamonds[0].contexts[0].intervals.sample_us (line 5)',
    ],
    ['{"kdamonds": [\n {"contexts": [ }', /the indentation is wrong/, 'line 2, column 17'],
    ['[\n {"action": "stat"},\n {"action": 7}\n]', /should be a text/, 'schemes[1].action (line 3)'],
    ['kdamonds:\n- contexts:\n  - schemes:\n    - filters:\n      - matching: Y\n', /is missing/, ''],
    ['a: 1\na: 2\n', /given twice/, 'line 2, column 1'],
    ['', /neither/, 'top level'],
    ['- *nobody\n', /an anchor that is not there/, ''],
  ];
  for (const [text, problem, place] of cases) {
    const parsed = parseDamoText(text);
    assert.ok(!parsed.ok, text);
    assert.match(parsed.error.problem, problem);
    if (place) assert.equal(parsed.error.place, place);
  }
});

test('64-bit counts written as bare numbers stay exact, −1 is no node, and schemes may have a name around them', () => {
  const parsed = parseDamoText(
    '{"schemes": [{"action": "migrate_hot", "target_nid": -1, "access_pattern": {"sz_bytes": {"min": 4096, "max": 18446744073709551615}}}]}',
  );
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value.schemes[0].pattern.size, [4096n, LARGEST]);
  assert.equal(parsed.value.schemes[0].targetNid, -1);
});

test('a slot that nobody set up is no context, as `show` prints it', () => {
  const parsed = parseDamoText(
    '{"kdamonds": [{"state": "off", "contexts": []}, {"contexts": [{"ops": "vaddr"}]}]}',
  );
  assert.deepEqual(parsed.ok && parsed.value.contexts.map(({ operations }) => operations), ['vaddr']);
});

test('any text is parsed or refused with a place, never thrown', () => {
  const pieces = fc.constantFrom(
    ...['kdamonds:', '- ', '\n', '  ', '{', '}', '[', ']', '"', 'contexts: ', 'schemes: ', 'ops: vaddr', ','],
    ...[
      '&a ',
      '*a',
      '? ',
      '!!binary ',
      '0x10',
      '1e400',
      'filters: ',
      'null',
      '~',
      ': ',
      '#',
      '---',
      '|',
      '>',
    ],
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((parts) => parts.join('')),
      ),
      (text) => {
        const parsed = parseDamoText(text);
        if (!parsed.ok) assert.notEqual(parsed.error.place, '');
      },
    ),
    { numRuns: 500 },
  );
});
