/**
 * The process that scenarios act on, in a real kernel. Takes one JSON command a line on standard input and answers
 * each with one line. Mappings lie inside larger reservations without access, so that they never merge.
 */
import { closeSync, ftruncateSync, openSync, readFileSync, unlinkSync } from 'node:fs';
import koffi from 'koffi';
import type { Backing } from '../../test/conformance/stage.js';

export type WorkloadCommand =
  | { readonly do: 'map'; readonly blocks: number; readonly backing: Backing }
  | {
      readonly do: 'touch' | 'checksum';
      readonly start: number;
      readonly end: number;
      readonly every: number;
    }
  | { readonly do: 'read'; readonly spans: readonly ReadSpan[] };

export interface ReadSpan {
  readonly start: number;
  readonly end: number;
  readonly every: number;
}

const PROT_NONE = 0;
const PROT_READ_WRITE = 3;
const MAP_SHARED_FIXED = 0x11;
const MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x4022;
const READ_SLICE = 4096;

const libc = koffi.load(null);
/** Bytes of a base page and of a huge one: they depend on the architecture and on the kernel's configuration. */
const PAGE = libc.func('getpagesize', 'int', [])() as number;
const BLOCK = Number(readFileSync('/sys/kernel/mm/transparent_hugepage/hpage_pmd_size', 'utf8'));
const mmap = libc.func('mmap', 'uint64_t', ['uint64_t', 'uint64_t', 'int', 'int', 'int', 'int64_t']);
const memfdCreate = libc.func('memfd_create', 'int', ['str', 'uint']);
const mprotect = libc.func('mprotect', 'int', ['uint64_t', 'uint64_t', 'int']);

/** Areas by first page, with their memory as words. */
const areas: { start: number; end: number; words: Uint32Array }[] = [];
let spans: { words: Uint32Array; first: number; last: number; step: number }[] = [];
let sink = 0;
let files = 0;

function map(blocks: number, backing: Backing): number {
  const length = blocks * BLOCK;
  const reserved = BigInt(
    mmap(0, length + 2 * BLOCK, PROT_NONE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0) as number | bigint,
  );
  const address = ((reserved + BigInt(PAGE)) / BigInt(BLOCK) + 1n) * BigInt(BLOCK);
  if (backing === 'anon') mprotect(address, length, PROT_READ_WRITE);
  else mapFile(address, length, backing === 'memfd' ? Number(memfdCreate('guest', 0)) : tmpfsFile());
  const start = Number(address / BigInt(PAGE));
  areas.push({ start, end: start + length / PAGE, words: new Uint32Array(koffi.view(address, length)) });
  return start;
}

/** A file of the tmpfs that allows huge pages, without a name any more. */
function tmpfsFile(): number {
  const path = `/mnt/huge/workload-${process.pid}-${files++}`;
  const descriptor = openSync(path, 'w+');
  unlinkSync(path);
  return descriptor;
}

function mapFile(address: bigint, length: number, descriptor: number): void {
  ftruncateSync(descriptor, length);
  const got = BigInt(
    mmap(address, length, PROT_READ_WRITE, MAP_SHARED_FIXED, descriptor, 0) as number | bigint,
  );
  closeSync(descriptor);
  if (got !== address) throw new Error('mmap of the file failed');
}

function areaOf(page: number) {
  const area = areas.find((candidate) => page >= candidate.start && page < candidate.end);
  if (!area) throw new Error(`page ${page} was never mapped`);
  return area;
}

const wordOf = (page: number) => Math.imul(page, 2654435761) >>> 0;

function touch(start: number, end: number, every: number): void {
  const area = areaOf(start);
  for (let page = start; page < end; page += every)
    area.words[(page - area.start) * (PAGE / 4)] = wordOf(page);
}

/** FNV-1a over the first, a middle and the last word of each page. */
function checksum(start: number, end: number): string {
  const { words, start: first } = areaOf(start);
  let hash = 0x811c9dc5;
  for (let page = start; page < end; page++) {
    const at = (page - first) * (PAGE / 4);
    for (const word of [words[at], words[at + PAGE / 8 - 1], words[at + PAGE / 4 - 1]]) {
      hash = Math.imul(hash ^ word, 0x01000193) >>> 0;
    }
  }
  return hash.toString(16);
}

function readSome(): void {
  let budget = READ_SLICE;
  while (budget > 0 && spans.length > 0) {
    for (const { words, first, last, step } of spans) {
      for (let at = first; at < last; at += step) {
        sink ^= words[at];
        budget--;
      }
    }
  }
  if (spans.length > 0) setImmediate(readSome);
}

function read(wanted: readonly ReadSpan[]): void {
  const idle = spans.length === 0;
  spans = wanted.map(({ start, end, every }) => {
    const area = areaOf(start);
    const word = (page: number) => (page - area.start) * (PAGE / 4);
    return { words: area.words, first: word(start), last: word(end), step: every * (PAGE / 4) };
  });
  if (idle && spans.length > 0) setImmediate(readSome);
}

function carryOut(command: WorkloadCommand): string | number {
  switch (command.do) {
    case 'map':
      return map(command.blocks, command.backing);
    case 'touch':
      touch(command.start, command.end, command.every);
      return 'touched';
    case 'checksum':
      return checksum(command.start, command.end);
    case 'read':
      read(command.spans);
      return 'reading';
  }
}

let pending = '';
process.stdin.on('data', (chunk) => {
  const lines = (pending + chunk.toString('utf8')).split('\n');
  pending = lines.pop() ?? '';
  for (const line of lines) {
    process.stdout.write(`${JSON.stringify(carryOut(JSON.parse(line) as WorkloadCommand))}\n`);
  }
});
process.stdin.on('end', () => process.exit(sink === -1 ? 1 : 0));
process.stdout.write('"ready"\n');
