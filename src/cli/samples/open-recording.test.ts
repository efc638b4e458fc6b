import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PerfBuilder } from '../../../test/support/perf-builder.js';
import { hostOf } from '../../../test/support/perf-rows.js';
import { SAMPLE_FIELD as F } from '../../formats/perf-abi/constants.js';
import type { OctavoContext } from '../context.js';
import { type OpenedRecording, openRecording } from './open-recording.js';

const PERF = new PerfBuilder()
  .attr({ sampleType: F.tid | F.addr })
  .sample({ pid: 1, addr: 4096n })
  .pipe();
const SCRIPT = new TextEncoder().encode('worker 1/1 [001] 1.000000: 1 loads: 7f0000001000\n'.repeat(200));
const DAMO = new TextEncoder().encode(`[${' '.repeat(9000)}]`);
const OTHER = new TextEncoder().encode('nothing that is known '.repeat(500));

/** Standard input that gives so many bytes at a time and knows whether it was told to end. */
function stdin(bytes: Uint8Array, size: number) {
  const state = { ended: false, given: 0 };
  async function* input() {
    try {
      for (let at = 0; at < bytes.length; at += size) {
        state.given += Math.min(size, bytes.length - at);
        yield bytes.slice(at, at + size);
      }
    } finally {
      state.ended = true;
    }
  }
  return { context: { streams: { input: input() } } as unknown as OctavoContext, state };
}

async function bytesOf(stream: AsyncIterable<Uint8Array> | undefined): Promise<Buffer | undefined> {
  if (stream === undefined) return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

const kindOf = ({ stream, text, whole }: OpenedRecording) =>
  [stream && 'stream', text && 'text', whole && 'whole'].filter(Boolean).join('+');

test('what comes through a pipe is told by its first bytes, and given on from its first byte', async () => {
  for (const [
    bytes,
    kind,
  ] of [[PERF, 'stream'], [SCRIPT, 'text'], [DAMO, 'stream+whole'], [OTHER, 'stream']] as const) // biome-ignore format: a table
    for (const size of [3, 1000, 1 << 20])
      for (const name of ['-', '/dev/stdin']) {
        const opened = await openRecording(stdin(bytes, size).context, name);
        assert.equal(kindOf(opened), kind, `${kind} by ${size}`);
        assert.ok((await bytesOf(opened.text ?? opened.stream))?.equals(bytes), `${kind} by ${size}`);
        if (opened.whole !== undefined) assert.ok(Buffer.from(opened.whole).equals(bytes));
      }
});

test('a compressed pipe is what is in it', async () => {
  for (const [bytes, kind] of [
    [PERF, 'stream'],
    [SCRIPT, 'text'],
    [DAMO, 'stream+whole'],
  ] as const) {
    // biome-ignore format: a table
    const opened = await openRecording(stdin(gzipSync(bytes), 7).context, '-');
    assert.equal(kindOf(opened), kind);
    assert.ok((await bytesOf(opened.text ?? opened.stream))?.equals(bytes));
  }
});

test('no more of a pipe is asked for than tells what it is', async () => {
  for (const [bytes, most] of [
    [PERF, 20],
    [SCRIPT, 4096 + 10],
    [OTHER, 4096 + 10],
  ] as const) {
    // biome-ignore format: a table
    const { context, state } = stdin(bytes, 10);
    await openRecording(context, '-');
    assert.ok(state.given <= most, `${state.given}`);
  }
});

test('a pipe that is turned away from is told so', async () => {
  const { context, state } = stdin(SCRIPT, 100);
  const { text } = await openRecording(context, '-');
  for await (const _ of text ?? []) break;
  assert.equal(state.ended, false, 'the bytes that had come are given first');
  let seen = 0;
  const again = stdin(SCRIPT, 100);
  const opened = await openRecording(again.context, '-');
  for await (const part of opened.text ?? []) {
    seen += part.length;
    if (seen > 6000) break;
  }
  assert.equal(again.state.ended, true);
});

/** A host with one file, that counts what is open. */
function file(bytes: Uint8Array | undefined, kind = 'file', readable = true) {
  let open = 0;
  const refusal = { ok: false, error: { errno: 'ENOENT', call: 'x' } };
  const read = (into: Uint8Array, at: number) => {
    if (!readable) return refusal;
    const part = (bytes ?? new Uint8Array(0)).subarray(at, at + into.length);
    into.set(part);
    return { ok: true, value: part.length };
  };
  const opened = () => {
    open++;
    return { ok: true, value: { path: 'f', read, close: () => open-- } };
  };
  const files = {
    status: () =>
      bytes === undefined
        ? refusal
        : { ok: true, value: { kind, bytes: bytes.length, mode: 0, modifiedMs: 0 } },
    open: () => (bytes === undefined ? refusal : opened()),
    readBytes: () => ({ ok: true, value: bytes }),
  };
  return { context: { host: { files } } as unknown as OctavoContext, open: () => open };
}

test('a file is told by its head; perf.data and what cannot be read is left to its reader', async () => {
  const cases: readonly (readonly [Uint8Array | undefined, string])[] = [[PERF, ''], [undefined, ''], [OTHER, ''], [SCRIPT, 'text'], [DAMO, 'whole'], [gzipSync(PERF), 'stream'], [gzipSync(SCRIPT), 'text']]; // biome-ignore format: a table
  for (const [bytes, kind] of cases) {
    const { context, open } = file(bytes);
    const opened = await openRecording(context, 'f');
    assert.equal(kindOf(opened), kind);
    const given = await bytesOf(opened.text ?? opened.stream);
    if (given !== undefined && bytes !== undefined && kind === 'text' && bytes === SCRIPT)
      assert.ok(given.equals(bytes));
    assert.equal(open(), 0);
  }
  assert.equal(
    kindOf(await openRecording(file(SCRIPT, 'other').context, 'f')),
    '',
    'a named pipe is perf.data or nothing',
  );
  assert.equal(kindOf(await openRecording(file(SCRIPT, 'file', false).context, 'f')), '');
});

test('the text of a tracer is refused with the option that reads it, from a file and from a pipe', async () => {
  const texts = {
    lackey: '==7== lackey\nI  0400,3\n L 1ffe,8\n',
    view: '  1   1:  7 read  8 byte(s) @ 0x00007f0000001000 by PC 0x400\n',
    simple: '0x7f0000001000:  8, r\n',
    x86: '0x400,r,8,0x7f0000001000\n',
  };
  for (const [name, text] of Object.entries(texts)) {
    const bytes = new TextEncoder().encode(text.repeat(200));
    const refused = { code: 'FILE_MALFORMED', message: /is the text of a tracer .*octavo import --trace/ };
    await assert.rejects(openRecording(stdin(bytes, 100).context, '-'), refused, name);
    await assert.rejects(openRecording(stdin(gzipSync(bytes), 100).context, '-'), refused, name);
    const context = { host: hostOf({ 'a.txt': bytes }) } as unknown as OctavoContext;
    await assert.rejects(openRecording(context, 'a.txt'), refused, name);
  }
  const cut = new TextEncoder().encode(' L 1ffe,8');
  assert.equal(kindOf(await openRecording(stdin(cut, 9).context, '-')), 'stream', 'no whole line tells');
});
