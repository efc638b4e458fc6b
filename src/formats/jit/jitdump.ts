/**
 * jitdump, as the JVM agent of perf, V8 (--perf-prof), LLVM and others write it
 * (tools/perf/Documentation/jitdump-specification.txt): records of code that was made or moved, in either byte order.
 */
import type { CodeNames } from './code-names.js';

const MAGIC = 0x4a695444;
const MAGIC_SWAPPED = 0x4454694a;
const RECORD_HEAD_BYTES = 16;
const LOAD = { id: 0, bytes: 56, address: 32, size: 40, index: 48, name: 56 } as const;
const MOVE = { id: 1, bytes: 64, to: 40, size: 48, index: 56 } as const;
const LONGEST_NAME = 4096;

/** False when it is no jitdump. A record that is cut, or of an impossible size, ends it. */
export function readJitDump(bytes: Uint8Array, names: CodeNames): boolean {
  if (bytes.length < 40) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0, true);
  if (magic !== MAGIC && magic !== MAGIC_SWAPPED) return false;
  const little = magic === MAGIC;
  const loaded = new Map<bigint, string>();
  let at = view.getUint32(8, little);
  while (at >= 40 && at + RECORD_HEAD_BYTES <= bytes.length) {
    const size = view.getUint32(at + 4, little);
    if (size < RECORD_HEAD_BYTES || at + size > bytes.length) break;
    const record = new DataView(bytes.buffer, bytes.byteOffset + at, size);
    if (!readRecord(record, little, loaded, names)) break;
    at += size;
  }
  return true;
}

/** `loaded`: names by the number that code has from its loading on. False when there are too many names. */
function readRecord(view: DataView, little: boolean, loaded: Map<bigint, string>, names: CodeNames): boolean {
  const id = view.getUint32(0, little);
  const word = (at: number) => Number(view.getBigUint64(at, little));
  if (id === LOAD.id && view.byteLength > LOAD.bytes) {
    const name = textAt(view, LOAD.name);
    const before = names.count;
    const hasRoom = names.add(word(LOAD.address), word(LOAD.size), name);
    if (names.count > before) loaded.set(view.getBigUint64(LOAD.index, little), name);
    return hasRoom;
  }
  if (id !== MOVE.id || view.byteLength < MOVE.bytes) return true;
  const moved = loaded.get(view.getBigUint64(MOVE.index, little));
  return moved === undefined || names.add(word(MOVE.to), word(MOVE.size), moved);
}

function textAt(view: DataView, from: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + from, view.byteLength - from);
  const end = bytes.subarray(0, LONGEST_NAME).indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? Math.min(bytes.length, LONGEST_NAME) : end));
}
