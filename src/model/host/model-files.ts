import { failure, success } from '../../base/result.js';
import type { Answer, AppendFile, FileStatus, Files, OpenFile } from '../../host/host.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Viewer } from '../kernel/files/viewer.js';
import { type ModelFile, type ModelNode, partsOf } from '../kernel/state/file-tree.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { lookAt, spendReading } from './reading-costs.js';

/** Ordinary files of a model, in memory: journals, plans, state. */
export class MemoryFiles {
  readonly contents = new Map<string, Uint8Array>();
  readonly directories = new Set<string>(['/', '/tmp', '/var', '/var/lib']);

  names(path: string): string[] | undefined {
    if (!this.directories.has(path)) return undefined;
    const prefix = path === '/' ? '/' : `${path}/`;
    const found = new Set<string>();
    for (const known of [...this.contents.keys(), ...this.directories]) {
      if (known.startsWith(prefix) && known !== path) found.add(known.slice(prefix.length).split('/')[0]);
    }
    return [...found];
  }
}

/** Files of the model: /proc and /sys from its kernel, everything else from memory. */
export class ModelFiles implements Files {
  readonly #kernel: Kernel;
  readonly #viewer: Viewer;
  readonly #memory: MemoryFiles;

  constructor(kernel: Kernel, viewer: Viewer, memory: MemoryFiles) {
    this.#kernel = kernel;
    this.#viewer = viewer;
    this.#memory = memory;
  }

  list(path: string): Answer<readonly string[]> {
    const call = `list ${path}`;
    const at = normal(path);
    const node = this.#node(at);
    const names = isNode(node) ? (node.kind === 'directory' ? node.names() : undefined) : [];
    if (names === undefined || (isNode(node) && node.kind !== 'directory')) return refused('ENOTDIR', call);
    const stored = this.#memory.names(at) ?? [];
    if (isNode(node) || stored.length > 0 || this.#memory.directories.has(at))
      return success([...new Set([...names, ...stored])]);
    return refused(this.#memory.contents.has(at) ? 'ENOTDIR' : (node as ErrnoName), call);
  }

  status(path: string): Answer<FileStatus> {
    const at = normal(path);
    const content = this.#memory.contents.get(at);
    const modifiedMs = this.#kernel.bootedAtMs;
    // A file that was written while the model ran: nothing keeps when, so that it counts as just written.
    const nowMs = modifiedMs + this.#kernel.clock.now / 1e6;
    if (content !== undefined)
      return success({ kind: 'file', mode: 0o600, bytes: content.length, modifiedMs: nowMs });
    const node = this.#followed(at);
    if (isNode(node)) {
      const mode = node.kind === 'symlink' ? 0o777 : node.mode;
      return success({ kind: node.kind, mode, bytes: 0, modifiedMs });
    }
    if (this.#memory.directories.has(at))
      return success({ kind: 'directory', mode: 0o755, bytes: 0, modifiedMs });
    return refused(node, `stat ${path}`);
  }

  link(path: string): Answer<string> {
    const node = this.#node(normal(path));
    if (!isNode(node)) return refused(node, `readlink ${path}`);
    return node.kind === 'symlink' ? success(node.target) : refused('EINVAL', `readlink ${path}`);
  }

  readText(path: string): Answer<string> {
    const read = this.readBytes(path);
    return read.ok ? success(new TextDecoder().decode(read.value)) : read;
  }

  readBytes(path: string): Answer<Uint8Array> {
    const call = `read ${path}`;
    const stored = this.#memory.contents.get(normal(path));
    if (stored !== undefined) return success(stored.slice());
    const file = this.#openable(path, 'read');
    if (typeof file === 'string') return refused(file, `open ${path}`);
    lookAt(this.#kernel, path);
    if (file.take !== undefined) return success(new TextEncoder().encode(file.take(STREAM_BYTES)));
    if (file.read === undefined) return readWhole(this.#kernel, path, file, call);
    const text = file.read();
    return typeof text === 'string' ? success(new TextEncoder().encode(text)) : refused(text.errno, call);
  }

  open(path: string): Answer<OpenFile> {
    const stored = this.#memory.contents.get(normal(path));
    if (stored !== undefined) return success(new StoredFile(path, () => success(stored)));
    const file = this.#openable(path, 'read');
    if (typeof file === 'string') return refused(file, `open ${path}`);
    lookAt(this.#kernel, path);
    if (isPositional(file)) return success(new PositionalFile(path, file, this.#kernel));
    return success(new StoredFile(path, () => this.readBytes(path)));
  }

  writeKernelFile(path: string, text: string): Answer<void> {
    const file = this.#openable(path, 'write');
    if (typeof file === 'string') return refused(file, `write ${path}`);
    lookAt(this.#kernel, path);
    const error = file.write === undefined ? 'EIO' : file.write(text);
    return error === undefined ? success(undefined) : refused(error, `write ${path}`);
  }

  canWrite(path: string): Answer<void> {
    const call = `open for writing ${path}`;
    if (this.#memory.contents.has(normal(path))) return success(undefined);
    const file = this.#openable(path, 'write');
    return typeof file === 'string' ? refused(file, call) : success(undefined);
  }

  writeFile(path: string, content: string | Uint8Array): Answer<void> {
    const error = this.#place(path);
    if (error !== undefined) return refused(error, `write ${path}`);
    this.#memory.contents.set(normal(path), bytesOf(content));
    return success(undefined);
  }

  appendTo(path: string): Answer<AppendFile> {
    const error = this.#place(path);
    if (error !== undefined) return refused(error, `open for appending ${path}`);
    const at = normal(path);
    const { contents } = this.#memory;
    if (!contents.has(at)) contents.set(at, new Uint8Array(0));
    return success({
      append: (text: string) => {
        contents.set(at, joined(contents.get(at) ?? new Uint8Array(0), bytesOf(text)));
        return success(undefined);
      },
      close: () => {},
    });
  }

  createExclusive(path: string, text: string): Answer<void> {
    if (this.#memory.contents.has(normal(path))) return refused('EEXIST', `create ${path}`);
    return this.writeFile(path, text);
  }

  makeDirectory(path: string): Answer<void> {
    const call = `mkdir ${path}`;
    const parts = partsOf(path);
    for (let i = 1; i <= parts.length; i++) {
      const at = `/${parts.slice(0, i).join('/')}`;
      if (isNode(this.#node(at))) continue;
      if (this.#memory.contents.has(at)) return refused('ENOTDIR', call);
      this.#memory.directories.add(at);
    }
    return success(undefined);
  }

  remove(path: string): Answer<void> {
    const at = normal(path);
    if (this.#memory.contents.delete(at)) return success(undefined);
    if ((this.#memory.names(at) ?? []).length > 0) return refused('ENOTEMPTY', `remove ${path}`);
    return this.#memory.directories.delete(at) ? success(undefined) : refused('ENOENT', `remove ${path}`);
  }

  /** The kernel's node at a path, or why there is none. */
  #node(path: string): ModelNode | ErrnoName {
    return this.#kernel.files.find(path);
  }

  #followed(path: string): ModelNode | ErrnoName {
    const node = this.#node(path);
    return isNode(node) && node.kind === 'symlink' ? this.#kernel.files.find(node.target) : node;
  }

  /** The file to read or write, or the errno of its open. */
  #openable(path: string, how: 'read' | 'write'): ModelFile | ErrnoName {
    const node = this.#followed(normal(path));
    if (!isNode(node)) return node;
    if (node.kind !== 'file') return 'EISDIR';
    const bit = how === 'read' ? 0o444 : 0o222;
    // Root passes the mode bits in /proc and debugfs; sysfs and cgroups ask for them even of root (kernfs).
    const strict = path.startsWith('/sys') && !path.startsWith('/sys/kernel/debug');
    if ((node.mode & bit) === 0 && (strict || !this.#viewer.isRoot)) return 'EACCES';
    if (!this.#viewer.isRoot && (node.mode & (how === 'read' ? 0o004 : 0o002)) === 0 && isRootsOwn(path))
      return 'EACCES';
    return node.refuseOpen?.() ?? node;
  }

  /** Why an ordinary file cannot be put at a path. */
  #place(path: string): ErrnoName | undefined {
    const parts = partsOf(path);
    parts.pop();
    const parent = `/${parts.join('/')}`;
    if (path.startsWith('/proc') || path.startsWith('/sys')) return 'EACCES';
    return this.#memory.directories.has(parent) ? undefined : 'ENOENT';
  }
}

/** Files of a process belong to its user; everything else under /proc and /sys to root. */
function isRootsOwn(path: string): boolean {
  return !/^\/proc\/(\d+|self)\//.test(path);
}

function normal(path: string): string {
  return `/${partsOf(path).join('/')}`;
}

function isNode(node: ModelNode | ErrnoName): node is ModelNode {
  return typeof node === 'object';
}

const PIECE = 65536;
/** Longest positional file that is read as a whole; a pagemap is 2^38 bytes long. */
const LONGEST = 64 * 2 ** 20;
/** What one read of a stream takes at most. */
const STREAM_BYTES = 2 ** 20;

/** A positional file as a whole; EFBIG for one that only makes sense in parts. */
function readWhole(kernel: Kernel, path: string, file: ModelFile, call: string): Answer<Uint8Array> {
  let whole: Uint8Array = new Uint8Array(0);
  for (;;) {
    const piece = new Uint8Array(PIECE);
    const read = file.readAt === undefined ? 'EINVAL' : file.readAt(piece, whole.length);
    if (typeof read === 'string') return refused(read, call);
    if (read === 0) return success(whole);
    spendReading(kernel, path, read);
    if (whole.length > LONGEST) return refused('EFBIG', call);
    whole = joined(whole, piece.subarray(0, read));
  }
}

/** A file that is read at places. */
type Positional = ModelFile & Required<Pick<ModelFile, 'readAt'>>;

function isPositional(file: ModelFile): file is Positional {
  return file.readAt !== undefined;
}

class PositionalFile implements OpenFile {
  readonly path: string;
  readonly #file: Positional;
  readonly #kernel: Kernel;

  constructor(path: string, file: Positional, kernel: Kernel) {
    this.path = path;
    this.#file = file;
    this.#kernel = kernel;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    lookAt(this.#kernel, this.path);
    const read = this.#file.readAt(into, position);
    if (typeof read === 'number') spendReading(this.#kernel, this.path, read);
    return typeof read === 'number' ? success(read) : refused(read, `read ${this.path}`);
  }

  close(): void {
    // Nothing is held open.
  }
}

/** A text file: its content is made at the first read, as by seq_file. */
class StoredFile implements OpenFile {
  readonly path: string;
  readonly #make: () => Answer<Uint8Array>;
  #made: Answer<Uint8Array> | undefined;

  constructor(path: string, make: () => Answer<Uint8Array>) {
    this.path = path;
    this.#make = make;
  }

  read(into: Uint8Array, position: number): Answer<number> {
    if (this.#made === undefined || position === 0) this.#made = this.#make();
    if (!this.#made.ok) return this.#made;
    const part = this.#made.value.subarray(position, position + into.length);
    into.set(part);
    return success(part.length);
  }

  close(): void {
    this.#made = undefined;
  }
}

function bytesOf(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}

function refused(errno: ErrnoName, call: string): Answer<never> {
  return failure({ errno, call });
}
