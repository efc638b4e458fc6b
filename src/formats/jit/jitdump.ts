/**
 * jitdump, as the JVM agent of perf, V8 (--perf-prof), LLVM and others write it
 * (tools/perf/Documentation/jitdump-specification.txt): records of code that was made or moved, in either byte order.
 */
import type { CodeNames } from './code-names.js';

const MAGIC = 0x4a695444;
const MAGIC_SWAPPED = 0x4454694a;
const RECORD_HEAD_BYTES = 16;
const LOAD = { id: 0, bytes: 56, address: 32, size: 40, name: 56 } as const;
const MOVE = { id: 1, bytes: 64, from: 32, to: 40, size: 48 } as const;
const LONGEST_NAME = 4096;

/** False when it is no jitdump. A record that is cut, or of an impossible size, ends it. */
export function readJitDump(bytes: Uint8Array, names: CodeNames): boolean {
  if (bytes.length < 40) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC && magic !== MAGIC_SWAPPED) return false;
  const little = magic === MAGIC;
  let at = view.getUint32(8, little);
  while (at >= 40 && at + RECORD_HEAD_BYTES <= bytes.length) {
    const size = view.getUint32(at + 4, little);
    if (size < RECORD_HEAD_BYTES || at + size > bytes.length) break;
    if (!readRecord(new DataView(bytes.buffer, bytes.byteOffset + at, size), little, names)) break;
    at += size;
  }
  return true;
}

/** False when there are too many names. */
function readRecord(view: DataView, little: boolean, names: CodeNames): boolean {
  const id = view.getUint32(0, little);
  const word = (at: number) => Number(view.getBigUint64(at, little));
  if (id === LOAD.id && view.byteLength > LOAD.bytes)
    return names.add(word(LOAD.address), word(LOAD.size), textAt(view, LOAD.name));
  if (id !== MOVE.id || view.byteLength < MOVE.bytes) return true;
  const moved = names.find(word(MOVE.from));
  return moved === undefined || names.add(word(MOVE.to), word(MOVE.size), moved.name);
}

function textAt(view: DataView, from: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + from, view.byteLength - from);
  const end = bytes.subarray(0, LONGEST_NAME).indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? Math.min(bytes.length, LONGEST_NAME) : end));
}
