import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodeNames, MOST_CODE_NAMES } from './code-names.js';
import { readJitDump } from './jitdump.js';
import { readPerfMap } from './perf-map.js';

function mapOf(text: string): CodeNames {
  const names = new CodeNames();
  readPerfMap(text, names);
  return names;
}

test('a map names code by its range, and what was said last holds', () => {
  const names = mapOf(
    '1000 20 Lcom/acme/Cache;::get\n0x2000 0x10 other name\n1000 8 shorter\n1008 4 inside\n',
  );
  const at = (address: number) => names.find(address);
  assert.deepEqual(at(0x1000), { name: 'shorter', start: 0x1000 });
  assert.deepEqual(at(0x1009), { name: 'inside', start: 0x1008 });
  assert.deepEqual(at(0x101f), { name: 'Lcom/acme/Cache;::get', start: 0x1000 });
  assert.deepEqual(at(0x2000), { name: 'other name', start: 0x2000 });
  for (const none of [0xfff, 0x1020, 0x2010, 0]) assert.equal(at(none), undefined);
});

test('lines that are none are passed over, and terminals are not spoken to', () => {
  const names = mapOf(
    'garbage\n\n1000 0 nothing\n1000 10\n1000 10 \u001b[31mred\u0007\nzz 1 x\n3000 10 last',
  );
  assert.equal(names.count, 2);
  assert.equal(names.find(0x1001)?.name, '?[31mred?');
  assert.equal(names.find(0x3000)?.name, 'last');
  assert.equal(mapOf(`1000 10 ${'n'.repeat(9000)}`).find(0x1000)?.name.length, 512);
});

test('names are bounded', () => {
  const names = new CodeNames();
  for (let at = 0; at < MOST_CODE_NAMES; at++) assert.ok(names.add(16 * at, 16, 'f'));
  assert.equal(names.add(0, 16, 'one more'), false);
  assert.equal(names.find(5)?.name, 'f');
});

interface Record {
  readonly id: number;
  readonly words: readonly bigint[];
  readonly text?: string;
}

/** A jitdump with these records; each begins with pid and tid, then 64-bit words. */
function dump(records: readonly Record[], little = true): Uint8Array {
  const parts = [head(little)];
  for (const { id, words, text } of records) {
    const name = text === undefined ? new Uint8Array(0) : new TextEncoder().encode(`${text}\0code`);
    const part = new Uint8Array(24 + 8 * words.length + name.length);
    const view = new DataView(part.buffer);
    view.setUint32(0, id, little);
    view.setUint32(4, part.length, little);
    for (const [at, word] of words.entries()) view.setBigUint64(24 + 8 * at, word, little);
    part.set(name, 24 + 8 * words.length);
    parts.push(part);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function head(little: boolean): Uint8Array {
  const part = new Uint8Array(40);
  const view = new DataView(part.buffer);
  view.setUint32(0, 0x4a695444, little);
  view.setUint32(4, 1, little);
  view.setUint32(8, 40, little);
  return part;
}

const LOADED = { id: 0, words: [0x1000n, 0x1000n, 0x40n, 1n], text: 'jitted' };
const MOVED = { id: 1, words: [0x9000n, 0x1000n, 0x9000n, 0x40n, 1n] };

test('a jitdump names code that was made, and code that was moved, in either byte order', () => {
  for (const little of [true, false]) {
    const names = new CodeNames();
    assert.ok(readJitDump(dump([LOADED, { id: 2, words: [0n] }, MOVED], little), names));
    assert.deepEqual(names.find(0x1010), { name: 'jitted', start: 0x1000 });
    assert.deepEqual(names.find(0x903f), { name: 'jitted', start: 0x9000 });
    assert.equal(names.find(0x9040), undefined);
  }
});

test('what is no jitdump, or is cut, ends it', () => {
  const whole = dump([LOADED, MOVED]);
  assert.equal(readJitDump(new Uint8Array(39), new CodeNames()), false);
  assert.equal(readJitDump(new Uint8Array(400), new CodeNames()), false);
  for (let end = 40; end < whole.length; end++) {
    const names = new CodeNames();
    assert.ok(readJitDump(whole.subarray(0, end), names));
    assert.equal(names.count, end < whole.length - 64 ? 0 : 1, String(end));
  }
  const endless = dump([LOADED]);
  new DataView(endless.buffer).setUint32(44, 0, true);
  assert.ok(readJitDump(endless, new CodeNames()));
});

test('a jitdump that moves all that it makes is read at once; what it moves goes by its number', () => {
  const records = Array.from({ length: 20_000 }, (_, at) => {
    const [from, to, index] = [BigInt(16 * at), BigInt(16 * (at + 100_000)), BigInt(at)];
    return [
      { id: 0, words: [from, from, 16n, index], text: `f${at}` },
      { id: 1, words: [to, 99n, to, 16n, index] },
    ];
  });
  const names = new CodeNames();
  const started = performance.now();
  assert.ok(readJitDump(dump(records.flat()), names));
  assert.ok(performance.now() - started < 5000);
  assert.equal(names.count, 40_000);
  assert.deepEqual(names.find(16 * 119_999 + 3), { name: 'f19999', start: 16 * 119_999 });
  const unknown = new CodeNames();
  assert.ok(readJitDump(dump([LOADED, { id: 1, words: [0n, 0x1000n, 0x9000n, 16n, 2n] }]), unknown));
  assert.equal(unknown.find(0x9000), undefined);
});
