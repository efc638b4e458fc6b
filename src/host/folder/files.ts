/**
 * Kernel files of a recorded folder. Ordinary files (perf.data, plans, journals) are those of the machine that Octavo
 * runs on. Every write to a kernel file is refused with EROFS.
 */
import { failure, success } from '../../base/result.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Answer, AppendFile, FileStatus, Files, OpenFile } from '../host.js';
import { LinuxFiles } from '../linux/files.js';
import type { FileEntry } from '../recording/manifest.js';
import { isKernelPath, isWithheld } from '../recording/paths.js';
import type { Pieces } from '../recording/pieces.js';
import type { RecordedFolder } from './store.js';

/** What an entry of the manifest can answer. */
type Question = Exclude<keyof FileEntry, 'status'>;

/** Serves /proc and /sys from the folder, everything else from the disk. */
export class FolderFiles implements Files {
  readonly #folder: RecordedFolder;
  readonly #disk = new LinuxFiles();

  constructor(folder: RecordedFolder) {
    this.#folder = folder;
  }

  list(path: string): Answer<readonly string[]> {
    if (!isKernelPath(path)) return this.#disk.list(path);
    const call = `list ${path}`;
    const recorded = this.#entry(path)?.list;
    if (typeof recorded === 'string') return refused(recorded, call);
    if (recorded) return success(recorded);
    if (this.#isHandWritten) return as(call, this.#disk.list(this.#folder.inTree(path)));
    return this.#absent(path, call);
  }

  status(path: string): Answer<FileStatus> {
    if (!isKernelPath(path)) return this.#disk.status(path);
    const call = `stat ${path}`;
    const recorded = this.#entry(path)?.status;
    if (typeof recorded === 'string') return refused(recorded, call);
    if (recorded) return success(recorded);
    const stored = this.#disk.status(this.#folder.inTree(path));
    if (stored.ok || this.#isHandWritten) return as(call, stored);
    return this.#absent(path, call);
  }

  link(path: string): Answer<string> {
    if (!isKernelPath(path)) return this.#disk.link(path);
    const recorded = this.#entry(path)?.link;
    if (recorded && typeof recorded === 'object') return success(recorded.to);
    return this.#refusedOrAbsent(path, 'link', `readlink ${path}`);
  }

  readText(path: string): Answer<string> {
    const read = this.readBytes(path);
    return read.ok ? success(new TextDecoder().decode(read.value)) : read;
  }

  readBytes(path: string): Answer<Uint8Array> {
    if (!isKernelPath(path)) return this.#disk.readBytes(path);
    const call = `read ${path}`;
    const stored = this.#disk.readBytes(this.#folder.inTree(path));
    if (stored.ok) return stored;
    const whole = this.#folder.positional(path)?.whole();
    return whole ? success(whole) : this.#refusedOrAbsent(path, 'read', call);
  }

  open(path: string): Answer<OpenFile> {
    if (!isKernelPath(path)) return this.#disk.open(path);
    const call = `open ${path}`;
    const pieces = this.#folder.positional(path);
    if (pieces) return success(new RecordedFile(path, pieces, this.#folder));
    if (this.#entry(path)?.open === 'ok') return success(new RecordedFile(path, undefined, this.#folder));
    const stored = this.#disk.readBytes(this.#folder.inTree(path));
    if (stored.ok) return success(new StoredFile(path, stored.value));
    return this.#refusedOrAbsent(path, 'open', call);
  }

  canWrite(path: string): Answer<void> {
    if (!isKernelPath(path)) return this.#disk.canWrite(path);
    const call = `open for writing ${path}`;
    const recorded = this.#entry(path)?.write;
    if (recorded === 'ok') return success(undefined);
    if (recorded) return refused(recorded, call);
    if (this.#disk.status(this.#folder.inTree(path)).ok) return refused('EACCES', call);
    return this.#absent(path, call);
  }

  writeKernelFile(path: string): Answer<void> {
    return refused('EROFS', `write ${path}`);
  }

  writeFile(path: string, content: string | Uint8Array): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `write ${path}`) : this.#disk.writeFile(path, content);
  }

  appendTo(path: string): Answer<AppendFile> {
    return isKernelPath(path) ? refused('EROFS', `open for appending ${path}`) : this.#disk.appendTo(path);
  }

  createExclusive(path: string, text: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `create ${path}`) : this.#disk.createExclusive(path, text);
  }

  makeDirectory(path: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `mkdir ${path}`) : this.#disk.makeDirectory(path);
  }

  remove(path: string): Answer<void> {
    return isKernelPath(path) ? refused('EROFS', `remove ${path}`) : this.#disk.remove(path);
  }

  get #isHandWritten(): boolean {
    return this.#folder.manifest.complete;
  }

  #entry(path: string): FileEntry | undefined {
    const { files } = this.#folder.manifest;
    return Object.hasOwn(files, path) ? files[path] : undefined;
  }

  #refusedOrAbsent(path: string, question: Question, call: string): Answer<never> {
    const recorded = this.#entry(path)?.[question];
    if (typeof recorded === 'string' && recorded !== 'stored' && recorded !== 'ok') {
      return refused(recorded, call);
    }
    return this.#absent(path, call);
  }

  /** ENOENT when that is known; EACCES for what is never recorded; otherwise it is unknown. */
  #absent(path: string, call: string): Answer<never> {
    if (this.#isHandWritten || this.#knownAbsent(path)) return refused('ENOENT', call);
    if (isWithheld(path)) return refused('EACCES', call);
    throw this.#folder.lacks(call);
  }

  /** A path whose folder was listed without it, or is itself absent, does not exist. */
  #knownAbsent(path: string): boolean {
    const cut = path.lastIndexOf('/');
    if (cut <= 0) return false;
    const parent = path.slice(0, cut);
    const entry = this.#entry(parent);
    const listed = entry?.list;
    if (Array.isArray(listed)) return !listed.includes(path.slice(cut + 1));
    if (listed === 'ENOENT' || entry?.status === 'ENOENT') return true;
    return this.#knownAbsent(parent);
  }
}

/** A file that was read at positions. */
class RecordedFile implements OpenFile {
  readonly path: string;
  readonly #pieces: Pieces | undefined;
  readonly #folder: RecordedFolder;

  constructor(path: string, pieces: Pieces | undefined, folder: RecordedFolder) {
    this.path = path;
    this.#pieces = pieces;
    this.#folder = folder;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    const call = `read ${this.path}`;
    const found = this.#pieces?.read(into, position) ?? { kind: 'unknown' };
    if (found.kind === 'bytes') return success(found.length);
    if (found.kind === 'refused') return refused(found.errno, call);
    throw this.#folder.lacks(`${call} at byte ${position}`);
  }

  close(): void {
    // Nothing is held open.
  }
}

/** A file of the tree, served as a whole. */
class StoredFile implements OpenFile {
  readonly path: string;
  readonly #bytes: Uint8Array;

  constructor(path: string, bytes: Uint8Array) {
    this.path = path;
    this.#bytes = bytes;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    const part = this.#bytes.subarray(position, position + into.length);
    into.set(part);
    return success(part.length);
  }

  close(): void {
    // Nothing is held open.
  }
}

/** The answer of the disk under the name that the caller knows. */
function as<Value>(call: string, answer: Answer<Value>): Answer<Value> {
  return answer.ok ? answer : failure({ errno: answer.error.errno, call });
}

function refused(errno: string, call: string): Answer<never> {
  return failure({ errno: errno as ErrnoName, call });
}
