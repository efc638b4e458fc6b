/** What is a request, and what is none; frames, whole and in pieces. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ScriptedHost } from '../../../test/support/scripted-host.js';
import { planFor } from '../../../test/support/turns.js';
import { cleanedPlan } from './cleaned-plan.js';
import { FrameReader, frameOf, withColumns } from './frames.js';
import { boundProblem, MOST_REQUEST_BYTES, MOST_TEXT, readRequest } from './protocol.js';

const problem = (value: unknown) => {
  const read = readRequest(value);
  return read.ok ? '' : read.error;
};
const self = { pid: 100, startTicks: 5000 };

describe('a request', () => {
  test('is one of a closed set, with nothing beside what it has', async () => {
    const plan = await planFor(new ScriptedHost([9]), { split: [0] });
    const sample = { look: 'occupancy', processes: [self], windowMs: 1000 };
    for (const good of [
      { kind: 'hello', id: 1, version: 1 },
      { kind: 'ping', id: 2 },
      { kind: 'observe', id: 3, process: self },
      { kind: 'sample', id: 4, request: sample },
      { kind: 'sample', id: 4, request: { ...sample, only: [{ pid: 100, blocks: [1, 2] }] } },
      { kind: 'look-back', id: 5, processes: [self] },
      { kind: 'apply', id: 6, plan: JSON.parse(JSON.stringify(plan)) },
      { kind: 'reload', id: 7 },
      { kind: 'cancel', id: 8, request: 6 },
    ])
      assert.equal(problem(good), '', good.kind);
  });

  const bad: readonly (readonly [unknown, RegExp])[] = [
    [null, /^the top level: /],
    ['apply', /^the top level: /],
    [[], /^the top level: /],
    [{ kind: 'exec', id: 1 }, /^kind: /],
    [{ kind: 'ping' }, /^id: lacks/],
    [{ kind: 'ping', id: 0 }, /^id: should be at least 0, and more/],
    [{ kind: 'ping', id: 1.5 }, /^id: /],
    [{ kind: 'ping', id: 2 ** 53 }, /^id: /],
    [{ kind: 'ping', id: 1, path: '/etc' }, /^path: has the unknown key/],
    [{ kind: 'hello', id: 1, version: 2 }, /^version: should be `1`/],
    [{ kind: 'observe', id: 1, process: { pid: -1, startTicks: 0 } }, /^process.pid: /],
    [{ kind: 'observe', id: 1, process: { pid: 2 ** 22 + 1, startTicks: 0 } }, /^process.pid: /],
    [{ kind: 'observe', id: 1, process: { pid: '1', startTicks: 0 } }, /^process.pid: /],
    [{ kind: 'look-back', id: 1, processes: [] }, /^processes: /],
    [{ kind: 'look-back', id: 1, processes: Array(4097).fill(self) }, /^processes: /],
    [{ kind: 'sample', id: 1, request: { look: '../x', processes: [self], windowMs: 1 } }, /^request.look: /],
    [
      { kind: 'sample', id: 1, request: { look: 'smaps', processes: [self], windowMs: 600_001 } },
      /windowMs: /,
    ],
    [{ kind: 'sample', id: 1, request: { look: 'smaps', processes: [self], windowMs: 0 } }, /windowMs: /],
    [{ kind: 'apply', id: 1, plan: {} }, /^plan\./],
  ];
  for (const [value, says] of bad)
    test(`is not ${JSON.stringify(value).slice(0, 60)}`, () => assert.match(problem(value), says));
});

describe('bounds of any value', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);

  test('are on depth, on texts and their characters, and on numbers', () => {
    assert.equal(boundProblem(deep(12)), undefined);
    assert.match(boundProblem(deep(13)) ?? '', /^more than 12 levels$/);
    assert.equal(boundProblem('x'.repeat(MOST_TEXT)), undefined);
    assert.match(boundProblem({ a: ['x'.repeat(MOST_TEXT + 1)] }) ?? '', /^a text of 4097 characters$/);
    assert.match(boundProblem({ ['x'.repeat(MOST_TEXT + 1)]: 1 }) ?? '', /^a text of/);
    for (const odd of ['\u001b[31m', 'a\nb', '\u0000', '\u007f', '\u009b', '\u2028', '\u202e', '\u2066'])
      assert.equal(boundProblem([odd]), 'a text with control characters', JSON.stringify(odd));
    assert.equal(boundProblem('naïve – “quoted” é'), undefined);
    assert.equal(boundProblem(Number.NaN), 'a number that is none');
    assert.equal(boundProblem(JSON.parse('1e999')), 'a number that is none');
    assert.equal(boundProblem([true, null, undefined, 0]), undefined);
  });

  test('are kept by whoever sends a plan, whatever programs call themselves', async () => {
    const plan = await planFor(new ScriptedHost([9]), { split: [0] });
    const process = { ...plan.processes[0], command: '\u001b[2Jx' };
    const sent = cleanedPlan({ ...plan, processes: [process], notes: ['n'.repeat(MOST_TEXT + 9)] });
    assert.equal(boundProblem(JSON.parse(JSON.stringify(sent))), undefined);
    assert.equal(sent.processes[0].command, '?[2Jx');
    assert.equal(sent.notes[0].length, MOST_TEXT);
    assert.deepEqual(cleanedPlan(plan), plan);
    const passed = {
      ...{ policy: 'p', code: 'no-gain' as const, why: 'w'.repeat(1000), blocks: 1, examples: [] },
      process,
    };
    const many = { ...plan, passedOver: Array(3000).fill(passed) };
    assert.deepEqual([cleanedPlan(many).passedOver, cleanedPlan(many).refused], [[], []]);
    assert.equal(cleanedPlan({ ...plan, passedOver: [passed] }).passedOver.length, 1);
  });
});

describe('frames', () => {
  const most = 1000;
  const read = (reader: FrameReader, bytes: Uint8Array, at = 0) => {
    const told = reader.add(bytes, at);
    return told.ok ? told.value : told.error;
  };

  test('come whole, in pieces and several at once', () => {
    const frame = frameOf({ id: 1, text: 'é' }, most) as Uint8Array;
    const text = '{"id":1,"text":"é"}';
    assert.deepEqual(read(new FrameReader(most), frame), [text]);
    assert.deepEqual(read(new FrameReader(most), Buffer.concat([frame, frame])), [text, text]);
    const reader = new FrameReader(most);
    for (let at = 0; at < frame.length - 1; at++) {
      assert.deepEqual(read(reader, frame.subarray(at, at + 1), 5 + at), []);
      assert.equal(reader.beganNs, 5);
    }
    assert.deepEqual(read(reader, frame.subarray(-1)), [text]);
    assert.equal(reader.beganNs, undefined);
    const reused = new Uint8Array(frame);
    const kept = new FrameReader(most);
    read(kept, reused.subarray(0, 8));
    const rest = Uint8Array.from(frame.subarray(8));
    reused.fill(0);
    assert.deepEqual(read(kept, rest), [text], 'of memory that is used again');
  });

  test('of no or too many bytes, or that are no text, are none', () => {
    const length = (bytes: number) => {
      const header = Buffer.alloc(4);
      header.writeUInt32LE(bytes);
      return header;
    };
    for (const [bytes, says] of [
      [0, 'a frame of 0 bytes'],
      [1, 'a frame of 1 bytes'],
      [most + 1, 'a frame of 1001 bytes'],
      [2 ** 32 - 1, 'a frame of 4294967295 bytes'],
    ] as const)
      assert.equal(read(new FrameReader(most), length(bytes)), says);
    assert.deepEqual(read(new FrameReader(most), length(most)), []);
    const odd = Buffer.concat([length(2), Buffer.from([0xc3, 0x28])]);
    assert.equal(read(new FrameReader(most), odd), 'a frame that is no text');
    assert.equal(frameOf({ text: 'x'.repeat(most) }, most), undefined);
    assert.equal(frameOf('x'.repeat(most - 2), most)?.length, most + 4);
    assert.ok(MOST_REQUEST_BYTES < 2 ** 32);
  });

  test('carry columns and large whole numbers in answers', () => {
    const sent = {
      bytes: Uint8Array.of(1, 255),
      words: Uint16Array.of(65_535),
      counts: Uint32Array.of(4_294_967_295),
      signed: Int32Array.of(-1),
      numbers: Float64Array.of(0.5, Number.NaN, -1),
      part: Float64Array.of(1, 2, 3).subarray(1, 2),
      time: 2n ** 63n,
      plain: { $: 1, text: 'x' },
    };
    const frame = frameOf(sent, 10_000) as Uint8Array;
    assert.deepEqual(withColumns(Buffer.from(frame.subarray(4)).toString('utf8')), sent);
  });
});
