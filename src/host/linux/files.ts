import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { failure, success } from '../../base/result.js';
import { type ErrnoName, isErrnoName } from '../../vocabulary/errno.js';
import type { Answer, AppendFile, FileKind, FileStatus, Files, OpenFile } from '../host.js';
import { makeDirectories } from '../make-directories.js';
import { changing, holding, holdingLock, holdingPath, releasePath } from './held.js';

const OWNER_ONLY = 0o600;

/** errno name of an exception of node:fs; anything that is not one is a bug and passes through. */
export function errnoOf(error: unknown): ErrnoName {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined) throw error;
  return isErrnoName(code) ? code : 'EIO';
}

function answer<Value>(call: string, act: () => Value): Answer<Value> {
  try {
    return success(act());
  } catch (error) {
    return failure({ errno: errnoOf(error), call });
  }
}

/** Files of the live machine, by synchronous calls of Node. */
export class LinuxFiles implements Files {
  list(path: string): Answer<readonly string[]> {
    return answer(`list ${path}`, () => readdirSync(path));
  }

  status(path: string): Answer<FileStatus> {
    return answer(`stat ${path}`, () => statusOf(statSync(path)));
  }

  link(path: string): Answer<string> {
    return answer(`readlink ${path}`, () => readlinkSync(path));
  }

  readText(path: string): Answer<string> {
    return answer(`read ${path}`, () => readFileSync(path, 'utf8'));
  }

  readBytes(path: string): Answer<Uint8Array> {
    return answer(`read ${path}`, () => readFileSync(path));
  }

  open(path: string): Answer<OpenFile> {
    return answer(`open ${path}`, () => new LinuxOpenFile(path, openSync(path, 'r')));
  }

  writeKernelFile(path: string, text: string): Answer<void> {
    return changing(() => answer(`write ${path}`, () => writeOnce(path, text)));
  }

  canWrite(path: string): Answer<void> {
    return answer(`open for writing ${path}`, () => closeSync(openSync(path, constants.O_WRONLY)));
  }

  writeFile(path: string, content: string | Uint8Array, mode = OWNER_ONLY): Answer<void> {
    // A pipe or device may take as long as it likes, and there is nothing to put back.
    if (isNoFile(path)) return answer(`write ${path}`, () => writeInto(path, content));
    return holding(() => answer(`write ${path}`, () => replaceFile(path, content, mode)));
  }

  appendTo(path: string): Answer<AppendFile> {
    return holdingPath(path, () =>
      answer(`open for appending ${path}`, () => {
        const descriptor = openSync(path, 'a', 0o600);
        syncDirectory(dirname(path));
        return new LinuxAppendFile(path, descriptor);
      }),
    );
  }

  createExclusive(path: string, text: string): Answer<void> {
    // Written aside and linked: no reader ever sees the file without its text.
    const aside = `${path}.${process.pid}`;
    // What is no lock only has to be whole.
    const make = isLock(path) ? holdingLock : (_: string, act: () => Answer<void>) => holding(act);
    return make(path, () =>
      answer(`create ${path}`, () => {
        try {
          writeSynced(aside, text);
          linkWhole(aside, path, text);
        } finally {
          rmSync(aside, { force: true });
        }
      }),
    );
  }

  makeDirectory(path: string): Answer<void> {
    const make = () => answer(`mkdir ${path}`, () => makeDirectories(path, 0o700));
    // A directory in sysfs or tracefs is an object of the kernel, which lives until it is removed.
    return path.startsWith('/sys/') ? holdingPath(path, make) : holding(make);
  }

  remove(path: string): Answer<void> {
    const removed = holding(() =>
      answer(`remove ${path}`, () => {
        if (lstatSync(path).isDirectory()) rmdirSync(path);
        else rmSync(path);
      }),
    );
    releasePath(path);
    return removed;
  }
}

/** Lock files as takeLock() names them. */
function isLock(path: string): boolean {
  return /(^|[/.])lock(\.takeover)?$/.test(path);
}

/** Written aside, made durable, and renamed; what was written aside goes away again when that fails. */
function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const temporary = `${path}.new`;
  try {
    writeSynced(temporary, content, mode);
    renameSync(temporary, path);
  } catch (problem) {
    rmSync(temporary, { force: true });
    throw problem;
  }
  syncDirectory(dirname(path));
}

/** A file system without hard links gets the file in two steps. */
function linkWhole(aside: string, path: string, text: string): void {
  try {
    linkSync(aside, path);
  } catch (problem) {
    if (!['EPERM', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(problem))) throw problem;
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  }
}

class LinuxOpenFile implements OpenFile {
  readonly path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.#descriptor = descriptor;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    const at = (place: number | null) =>
      answer(`read ${this.path}`, () => readSync(this.#descriptor, into, 0, into.length, place));
    const got = at(position);
    // A pipe has no positions: it gives what comes next.
    return !got.ok && got.error.errno === 'ESPIPE' ? at(null) : got;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}

class LinuxAppendFile implements AppendFile {
  readonly #path: string;
  readonly #descriptor: number;

  constructor(path: string, descriptor: number) {
    this.#path = path;
    this.#descriptor = descriptor;
  }

  append(text: string): Answer<void> {
    return answer(`append ${this.#path}`, () => {
      const before = fstatSync(this.#descriptor).size;
      try {
        writeAll(this.#descriptor, text);
        fsyncSync(this.#descriptor);
      } catch (error) {
        // A part of a line would make one with the next.
        ftruncateSync(this.#descriptor, before);
        throw error;
      }
    });
  }

  close(): void {
    closeSync(this.#descriptor);
    releasePath(this.#path);
  }
}

function writeOnce(path: string, text: string): void {
  const descriptor = openSync(path, constants.O_WRONLY);
  try {
    const data = Buffer.from(text);
    if (writeSync(descriptor, data, 0, data.length) !== data.length) throw shortWrite();
  } finally {
    closeSync(descriptor);
  }
}

function writeSynced(path: string, content: string | Uint8Array, mode = OWNER_ONLY): void {
  const descriptor = openSync(path, 'w', mode);
  try {
    // Whatever the umask, and whatever a crash left under this name.
    fchmodSync(descriptor, mode);
    writeAll(descriptor, content);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, content: string | Uint8Array): void {
  const data = typeof content === 'string' ? Buffer.from(content) : content;
  for (let written = 0; written < data.length; ) {
    written += writeSync(descriptor, data, written, data.length - written);
  }
}

/** Without this, a name that was just created can be lost with the power. */
function syncDirectory(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function shortWrite(): NodeJS.ErrnoException {
  return Object.assign(new Error('short write'), { code: 'EIO' });
}

function statusOf(stats: Stats): FileStatus {
  const { mode, size, mtimeMs, uid } = stats;
  return { kind: kindOf(stats), mode: mode & 0o7777, bytes: size, modifiedMs: mtimeMs, owner: uid };
}

function kindOf(stats: Stats): FileKind {
  if (stats.isDirectory()) return 'directory';
  if (stats.isSymbolicLink()) return 'symlink';
  return stats.isFile() ? 'file' : 'other';
}

/** A device, pipe or socket, which a file must not take the place of. */
function isNoFile(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  return status !== undefined && !status.isFile() && !status.isDirectory();
}

function writeInto(path: string, content: string | Uint8Array): void {
  const descriptor = openSync(path, 'w');
  try {
    writeAll(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
}
