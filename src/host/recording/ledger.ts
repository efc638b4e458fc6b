/** Everything that a recording has seen so far, and its way to disk. */
import { readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { gzipSync } from 'node:zlib';
import { withNames } from '../../formats/btf.js';
import type { Advice } from '../../vocabulary/abilities.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Answer, Host } from '../host.js';
import { errnoOf } from '../linux/files.js';
import { makeDirectories } from '../make-directories.js';
import {
  type FileEntry,
  MANIFEST_NAME,
  type ManifestInput,
  RECORDING_VERSION,
  type RecordedMemory,
  type RecordedScan,
} from './manifest.js';
import { isWithheld, KEPT_NAMES, TYPE_INFORMATION } from './paths.js';
import { Pieces } from './pieces.js';

type Entry = { -readonly [Question in keyof FileEntry]: FileEntry[Question] };

/** What a recording holds, for the user who made it. */
export interface RecordingAccount {
  readonly files: number;
  readonly bytes: number;
  readonly scans: number;
  /** Paths that were read but are not in the recording (environments, command lines, keys, …). */
  readonly withheld: readonly string[];
}

/** Collects files, reads and scans, and writes them as a recorded folder. */
export class Ledger {
  readonly seed: number;
  readonly #startedAtMs: Milliseconds;
  readonly #entries = new Map<string, Entry>();
  readonly #contents = new Map<string, Uint8Array>();
  readonly #positional = new Map<string, Pieces>();
  readonly #advices: Partial<Record<Advice, 'ok' | ErrnoName>> = {};
  readonly #processes: Record<string, 'ok' | ErrnoName> = {};
  readonly #scans = new Map<string, RecordedScan>();
  readonly #memory = new Map<string, RecordedMemory>();
  readonly #withheld = new Set<string>();

  constructor(seed: number, startedAtMs: Milliseconds) {
    this.seed = seed;
    this.#startedAtMs = startedAtMs;
  }

  /** Remembers an answer about a path; a later one replaces it. Descriptors of processes are withheld. */
  note<Question extends keyof FileEntry>(
    path: string,
    question: Question,
    answer: FileEntry[Question],
  ): void {
    if ((question === 'list' || question === 'link') && isWithheld(path)) {
      this.#withheld.add(path);
      return;
    }
    const entry = this.#entries.get(path) ?? {};
    entry[question] = answer;
    this.#entries.set(path, entry);
  }

  /** Bytes read as a whole, kept packed. */
  bytes(path: string, answer: Answer<Uint8Array>): void {
    if (!answer.ok || isWithheld(path)) this.text(path, answer);
    else {
      const kept = path === TYPE_INFORMATION ? withNames(answer.value, KEPT_NAMES) : undefined;
      const bytes = kept ?? answer.value;
      this.#piecesOf(path).add(0, bytes, bytes.length + 1);
    }
  }

  /** A text read as a whole, kept readable. */
  text(path: string, answer: Answer<Uint8Array>): void {
    if (isWithheld(path)) this.#withheld.add(path);
    else if (!answer.ok) this.note(path, 'read', answer.error.errno);
    else {
      this.#contents.set(path, answer.value);
      this.note(path, 'read', 'stored');
    }
  }

  /** Whether a path may be recorded at positions. */
  opened(path: string, answer: Answer<unknown>): boolean {
    if (isWithheld(path)) {
      this.#withheld.add(path);
      return false;
    }
    this.note(path, 'open', answer.ok ? 'ok' : answer.error.errno);
    return answer.ok;
  }

  piece(path: string, position: number, asked: Uint8Array, answer: Answer<number>): void {
    const pieces = this.#piecesOf(path);
    if (answer.ok) pieces.add(position, asked.slice(0, answer.value), asked.length);
    else pieces.refuse(position, answer.error.errno);
  }

  advice(advice: Advice, answer: Answer<unknown>): void {
    this.#advices[advice] = answer.ok ? 'ok' : answer.error.errno;
  }

  process(pid: number, answer: Answer<unknown>): void {
    this.#processes[pid] = answer.ok ? 'ok' : answer.error.errno;
  }

  scan(scan: RecordedScan): void {
    const { pid, start, end, inverted, mask, anyOf, report } = scan;
    this.#scans.set([pid, start, end, inverted, mask, anyOf, report].join(' '), scan);
  }

  memory(read: RecordedMemory): void {
    this.#memory.set(`${read.pid} ${read.start} ${read.end}`, read);
  }

  /** Writes the recording into a folder that is empty or not there yet. Throws FILE_UNWRITABLE. */
  save(folder: string, host: Host): RecordingAccount {
    try {
      return this.#save(folder, host);
    } catch (error) {
      if (error instanceof OctavoError) throw error;
      throw new OctavoError('FILE_UNWRITABLE', { path: folder, errno: errnoOf(error) });
    }
  }

  #save(folder: string, host: Host): RecordingAccount {
    requireEmpty(folder);
    let bytes = 0;
    for (const [path, content] of this.#contents) {
      write(join(folder, 'tree', posix.normalize(`/${path}`)), content);
      bytes += content.length;
    }
    const positional: Record<string, NonNullable<ManifestInput['positional']>[string]> = {};
    for (const [path, pieces] of this.#positional) {
      const record = pieces.record();
      const blob = `${Object.keys(positional).length}.gz`;
      write(join(folder, 'positional', blob), gzipSync(record.bytes, { level: 6 }));
      positional[path] = {
        blob,
        pieces: record.pieces,
        ends: record.ends,
        refusals: record.refusals.map(([position, errno]) => [position, errno as ErrnoName]),
      };
      bytes += record.bytes.length;
    }
    write(join(folder, MANIFEST_NAME), JSON.stringify(this.#manifest(host, positional)));
    return {
      files: this.#contents.size + this.#positional.size,
      bytes,
      scans: this.#scans.size,
      withheld: [...this.#withheld].sort(),
    };
  }

  #piecesOf(path: string): Pieces {
    const pieces = this.#positional.get(path) ?? new Pieces();
    this.#positional.set(path, pieces);
    return pieces;
  }

  #manifest(host: Host, positional: ManifestInput['positional']): ManifestInput {
    const { architecture, geometry, pid, userId, isPrivileged, bootId } = host.identity;
    const { pageBytes, blockBytes } = geometry;
    return {
      octavo: 'host-recording',
      version: RECORDING_VERSION,
      complete: false,
      recordedAtMs: this.#startedAtMs,
      identity: { architecture, pageBytes, blockBytes, pid, userId, isPrivileged, bootId },
      seed: this.seed,
      files: Object.fromEntries(this.#entries),
      positional,
      advices: this.#advices,
      processes: this.#processes,
      scans: [...this.#scans.values()],
      memory: [...this.#memory.values()],
    };
  }
}

function requireEmpty(folder: string): void {
  makeDirectories(folder);
  if (readdirSync(folder).length > 0)
    throw new OctavoError('FILE_UNWRITABLE', { path: folder, errno: 'ENOTEMPTY' });
}

function write(path: string, content: string | Uint8Array): void {
  makeDirectories(dirname(path));
  writeFileSync(path, content);
}
