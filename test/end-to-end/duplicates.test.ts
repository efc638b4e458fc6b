/** The same samples by two ways: refused, however they come; recordings of different samples are put together. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-twice-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const HEAP = 0x7f00_0000_0000n;

/** Samples number `from` to `to` of one process; the same number is the same sample in every recording. */
function builderOf(from: number, to: number, pids: readonly number[] = [7]): PerfBuilder {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, size: 112 });
  for (const pid of pids) builder.comm(pid, pid, 'db').mmap2(pid, HEAP, 0x800000n, '//anon');
  for (let number = from; number < to; number++) {
    const pid = pids[number % pids.length];
    builder.sample({ pid, time: BigInt(1000 * number), addr: HEAP + BigInt((number * 7919) % 2048) * 4096n });
  }
  return builder;
}

function written(name: string, bytes: Uint8Array): string {
  writeFileSync(at(name), bytes);
  return at(name);
}

const imported = (...words: readonly string[]) =>
  octavo(['import', ...words, '--page-size', '4K', '--out', at('out')]);

async function refused(words: readonly string[], share: RegExp): Promise<void> {
  const { code, stderr } = await imported(...words);
  assert.equal(code, 3, words.join(' '));
  assert.match(stderr, /HEAT_REPEATED/, words.join(' '));
  assert.match(stderr, share, words.join(' '));
}

const ALL = /all of them/;
const file = written('a.data', builderOf(0, 3000).file());

test('a copy, a pipe, a compressed copy and a heat file of a recording repeat all of it', async () => {
  copyFileSync(file, at('copy.data'));
  await refused([file, file], ALL);
  await refused([file, at('copy.data')], ALL);
  await refused([file, written('a.pipe', builderOf(0, 3000).pipe())], ALL);
  await refused([file, written('a.data.gz', gzipSync(builderOf(0, 3000).file()))], ALL);
  for (const program of ['xz', 'zstd']) {
    const packed = spawnSync(program, ['-c', file], { maxBuffer: 1 << 26 });
    if (packed.status === 0) await refused([file, written(`a.data.${program}`, packed.stdout)], ALL);
  }
  const heats = ['one.heat', 'two.heat'];
  for (const name of heats) await octavo(['import', file, '--page-size', '4K', '--out', at(name)]);
  const merged = await octavo(['heat', 'merge', ...heats.map(at), '--out', at('both')]);
  assert.match(merged.stderr, /HEAT_REPEATED/);
  const diff = await octavo(['heat', 'diff', ...heats.map(at)]);
  assert.match(diff.stderr, /HEAT_REPEATED/);
});

/** Moments of nanoseconds, as every perf.data has them, where the text of `perf script` has microseconds. */
const nsOf = (number: number) => 5_000_000_000_000 + 1700 * number;
const pageOf = (number: number) => HEAP + BigInt((number * 7919) % 2048) * 4096n;

function fineFile(from: number, to: number): Uint8Array {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr, size: 112 });
  builder.comm(7, 7, 'db').mmap2(7, HEAP, 0x800000n, '//anon');
  for (let number = from; number < to; number++)
    builder.sample({ pid: 7, time: BigInt(nsOf(number)), addr: pageOf(number) });
  return builder.file();
}

/** As `perf script -F comm,pid,tid,time,period,event,addr` prints the same samples, with so many digits of a second. */
function textOf(from: number, to: number, digits = 6): Buffer {
  const lines: string[] = [];
  for (let number = from; number < to; number++) {
    const ns = String(nsOf(number)).padStart(10, '0');
    const time = `${ns.slice(0, -9)}.${ns.slice(-9, ns.length - 9 + digits)}`;
    lines.push(`db  7/7  ${time}:  1 ibs_op/cnt_ctl=1/:  ${pageOf(number).toString(16)}\n`);
  }
  return Buffer.from(lines.join(''));
}

test('the text of perf script repeats the recording that it was made of, though it cuts its times', async () => {
  const fine = written('fine.data', fineFile(0, 3000));
  const text = written('fine.txt', textOf(0, 3000));
  for (const words of [
    [fine, text],
    [text, fine],
  ])
    await refused(words, /all of them|about 9\d % of them/);
  await refused([fine, written('fine.txt.gz', gzipSync(textOf(0, 3000)))], /of them/);
  await refused([fine, written('tail.txt', textOf(2000, 5000))], /about [23]\d % of them/);
  await refused([text, written('nanoseconds.txt', textOf(0, 3000, 9))], /of them/);
  for (const [name, path] of [
    ['fine.heat', fine],
    ['text.heat', text],
  ] as const)
    await octavo(['import', path, '--page-size', '4K', '--out', at(name)]);
  const merged = await octavo(['heat', 'merge', at('fine.heat'), at('text.heat'), '--out', at('both')]);
  assert.match(merged.stderr, /HEAT_REPEATED/);
  const { code, stderr } = await imported(fine, written('later.txt', textOf(3000, 6000)));
  assert.equal(code, 0, stderr);
});

test('what perf inject makes of a recording repeats it', async (context) => {
  const injected = at('injected.data');
  const perf = spawnSync('perf', ['inject', '-f', '-b', '-i', file, '-o', injected], { encoding: 'utf8' });
  if (perf.status !== 0 || !existsSync(injected))
    return context.skip(`perf inject: ${perf.stderr ?? perf.error}`);
  await refused([file, injected], ALL);
});

test('parts of a recording repeat it, and overlapping recordings each other', async () => {
  await refused(
    [file, written('tail.data', builderOf(1500, 4500).file())],
    /about (4[0-9]|5[0-9]|6[0-5]) % of them/,
  );
  await refused([file, written('part.data', builderOf(0, 1000).file())], /all of them|about 9\d % of them/);
  await octavo(['import', file, '--page-size', '4K', '--time', '0,0.001499999', '--out', at('early.heat')]);
  await octavo(['import', file, '--page-size', '4K', '--time', '0.0015,', '--out', at('late.heat')]);
  await octavo(['import', file, '--page-size', '4K', '--time', '0.001,0.002', '--out', at('middle.heat')]);
  const merge = (...names: readonly string[]) =>
    octavo(['heat', 'merge', ...names.map(at), '--out', at('merged')]);
  const halves = await merge('early.heat', 'late.heat');
  assert.equal(halves.code, 0, halves.stderr);
  assert.match(halves.stdout, /3000 samples/);
  assert.match((await merge('early.heat', 'middle.heat')).stderr, /HEAT_REPEATED/);
  assert.match((await merge('merged', 'middle.heat')).stderr, /HEAT_REPEATED/);
});

test('recordings of different times, or of different processes at one time, are put together', async () => {
  const later = written('later.data', builderOf(3000, 6000).file());
  const one = await imported(file, later);
  assert.equal(one.code, 0, one.stderr);
  assert.match(one.stdout, /^6000 samples/);
  const two = written('two.data', builderOf(0, 3000, [8, 9]).file());
  const both = await imported(file, two);
  assert.equal(both.code, 0, both.stderr);
  const split = written('split.data', builderOf(0, 3000, [7, 8]).file());
  await refused([file, split], /about (4\d|5\d|6[0-5]) % of them/);
});

test('the text of a recording repeats its text, cut or whole', async () => {
  const line = (number: number) =>
    `db 7/7 [001] ${(number / 1e6).toFixed(9)}: 1 cpu/mem_inst_retired.any/P: ${(Number(HEAP) + ((number * 7919) % 2048) * 4096).toString(16)}\n`;
  const text = (from: number, to: number) => new TextEncoder().encode(Array.from({ length: to - from }, (_, index) => line(from + index)).join('')); // biome-ignore format: one text
  const whole = written('a.txt', text(0, 2000));
  await refused([whole, whole], ALL);
  await refused([whole, written('a.txt.gz', gzipSync(text(0, 2000)))], ALL);
  await refused([whole, written('b.txt', text(1000, 3000))], /about/);
  assert.equal((await imported(whole, written('c.txt', text(2000, 4000)))).code, 0);
});
