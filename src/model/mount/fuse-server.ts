/**
 * Serves the model's files to a FUSE mount. Modes, errno values, truncating opens and writes that block are the
 * modelled kernel's; nothing is cached, so that every look sees the model as it is.
 */
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { ModelDirectory, ModelFile, ModelNode } from '../kernel/state/file-tree.js';
import {
  type Attributes,
  attrOut,
  type DirectoryEntry,
  dataReply,
  direntsOut,
  entryOut,
  errorReply,
  initOut,
  nameIn,
  OPCODE,
  openOut,
  parseRequest,
  type Request,
  statfsOut,
  writeOut,
} from './fuse-messages.js';
import { isRemoved, type KnownNode, NodeTable } from './node-table.js';
import { type BlockedWrite, PendingReplies } from './pending-replies.js';
import { StreamReader } from './stream-reader.js';

/** A file whose writes may block: it says so instead of moving the model forward by itself. */
export interface BlockingFile extends ModelFile {
  begin(text: string): ErrnoName | undefined | BlockedWrite;
}

/** What is served, and where replies go. */
export interface FuseServerParts {
  readonly root: ModelDirectory;
  /** Sends one reply to the kernel. */
  readonly reply: (message: Uint8Array) => void;
  /** Size that stat shows for a file: a page in sysfs, nothing in /proc. */
  readonly sizeOf: (path: string) => number;
}

/** Reads of an open file see one content from its start on, as seq_file does. */
interface OpenFile {
  readonly known: KnownNode;
  content: Uint8Array | undefined;
  readonly stream: StreamReader | undefined;
}

const TYPE = { directory: 0o040000, file: 0o100000, symlink: 0o120000 } as const;
const PERMISSIONS = 0o7777;
const SET_MODE = 1;
const O_TRUNC = 0o1000;
const O_NONBLOCK = 0o4000;

type Answer = Uint8Array | ErrnoName;

/** Takes requests one after the other; some are answered later. */
export class FuseServer {
  readonly #parts: FuseServerParts;
  readonly #nodes: NodeTable;
  readonly #open = new Map<number, OpenFile>();
  readonly #listings = new Map<number, DirectoryEntry[]>();
  readonly #pending: PendingReplies;
  #nextHandle = 1;
  ended = false;

  constructor(parts: FuseServerParts) {
    this.#parts = parts;
    this.#nodes = new NodeTable(parts.root);
    this.#pending = new PendingReplies(parts.reply);
  }

  /** Requests that wait for the model to move on. */
  get waiting(): number {
    return this.#pending.count;
  }

  /** Handles one message of /dev/fuse. */
  handle(message: Uint8Array): void {
    const request = parseRequest(message);
    if (request === undefined) return;
    if (this.#isWithoutReply(request)) return;
    const answer = this.#answerOrWait(request);
    if (answer === undefined) return;
    const { unique } = request;
    this.#parts.reply(typeof answer === 'string' ? errorReply(unique, answer) : dataReply(unique, answer));
  }

  /** Replies to requests that have become ready. Call it whenever the model has moved. */
  settle(): void {
    this.#pending.settle();
  }

  #answerOrWait(request: Request): Answer | undefined {
    if (request.opcode === OPCODE.write) return this.#write(request);
    if (request.opcode === OPCODE.read) return this.#read(request);
    return this.#answer(request);
  }

  #isWithoutReply(request: Request): boolean {
    const { opcode, body, node } = request;
    if (opcode === OPCODE.forget) this.#nodes.forget(node, Number(body.getBigUint64(0, true)));
    else if (opcode === OPCODE.batchForget) this.#forgetMany(body);
    else if (opcode === OPCODE.interrupt) this.#pending.interrupt(body.getBigUint64(0, true));
    else return false;
    return true;
  }

  #forgetMany(body: DataView): void {
    const count = body.getUint32(0, true);
    for (let index = 0; index < count; index++) {
      const at = 8 + index * 16;
      this.#nodes.forget(Number(body.getBigUint64(at, true)), Number(body.getBigUint64(at + 8, true)));
    }
  }

  #answer(request: Request): Answer {
    switch (request.opcode) {
      case OPCODE.init:
        return initOut();
      case OPCODE.lookup:
        return this.#lookup(request);
      case OPCODE.getattr:
        return this.#getAttributes(request);
      case OPCODE.setattr:
        return this.#setAttributes(request);
      case OPCODE.readlink:
        return this.#readLink(request);
      case OPCODE.open:
        return this.#openFile(request);
      case OPCODE.opendir:
        return this.#openDirectory(request);
      case OPCODE.readdir:
        return this.#readDirectory(request);
      case OPCODE.release:
      case OPCODE.releasedir:
        return this.#release(request);
      default:
        return this.#answerOther(request.opcode);
    }
  }

  #answerOther(opcode: number): Answer {
    switch (opcode) {
      case OPCODE.statfs:
        return statfsOut();
      case OPCODE.flush:
      case OPCODE.fsync:
      case OPCODE.fsyncdir:
      case OPCODE.access:
        return new Uint8Array(0);
      case OPCODE.destroy:
        this.ended = true;
        return new Uint8Array(0);
      case OPCODE.create:
      case OPCODE.mknod:
        return 'EACCES';
      case OPCODE.mkdir:
      case OPCODE.unlink:
      case OPCODE.rmdir:
      case OPCODE.symlink:
      case OPCODE.link:
      case OPCODE.rename:
      case OPCODE.rename2:
        return 'EPERM';
      default:
        return 'ENOSYS';
    }
  }

  #lookup(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    if (known === undefined || known.node.kind !== 'directory') return 'ENOENT';
    const name = nameIn(request.bytes);
    const node = known.node.lookup(name);
    if (node === undefined) return 'ENOENT';
    return entryOut(this.#attributesOf(this.#nodes.look(known.id, name, node)));
  }

  #getAttributes(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    return known === undefined ? 'ENOENT' : attrOut(this.#attributesOf(known));
  }

  /** Truncating succeeds and does nothing, owners stay, chmod holds as long as the node is known. */
  #setAttributes(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    if (known === undefined) return 'ENOENT';
    if (request.body.getUint32(0, true) & SET_MODE) {
      known.mode = request.body.getUint32(68, true) & PERMISSIONS;
    }
    return attrOut(this.#attributesOf(known));
  }

  #readLink(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    if (known?.node.kind !== 'symlink') return 'EINVAL';
    return new TextEncoder().encode(known.node.target);
  }

  #openFile(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    if (known === undefined || isRemoved(known.node)) return 'ENOENT';
    if (known.node.kind !== 'file') return 'EISDIR';
    const refused = known.node.refuseOpen?.();
    if (refused !== undefined) return refused;
    if (request.body.getUint32(0, true) & O_TRUNC) known.node.truncate?.();
    const handle = this.#nextHandle++;
    const stream = known.node.take === undefined ? undefined : new StreamReader(known.node);
    this.#open.set(handle, { known, content: undefined, stream });
    return openOut(handle, true);
  }

  /** Undefined when the answer comes later. */
  #read(request: Request): Answer | undefined {
    const open = this.#open.get(handleOf(request));
    if (open === undefined || open.known.node.kind !== 'file') return 'EBADF';
    const offset = Number(request.body.getBigUint64(8, true));
    const size = request.body.getUint32(16, true);
    const file = open.known.node;
    if (file.readAt !== undefined) return readAt(file, offset, size);
    if (open.stream !== undefined) return this.#takeFrom(request, open.stream, size);
    if (open.content === undefined || offset === 0) {
      if (isRemoved(file)) return 'ENODEV';
      const content = file.read === undefined ? { errno: 'EIO' as const } : file.read();
      if (typeof content !== 'string') return content.errno;
      open.content = new TextEncoder().encode(content);
    }
    return open.content.subarray(offset, offset + size);
  }

  /** A stream: what has come, or the caller waits for it. */
  #takeFrom(request: Request, stream: StreamReader, size: number): Answer | undefined {
    const bytes = stream.read(size);
    if (bytes !== undefined) return bytes;
    if (request.body.getUint32(32, true) & O_NONBLOCK) return 'EAGAIN';
    this.#pending.addRead(request.unique, size, stream);
    return undefined;
  }

  /** Undefined when the answer comes later. */
  #write(request: Request): Answer | undefined {
    const open = this.#open.get(handleOf(request));
    if (open === undefined || open.known.node.kind !== 'file') return 'EBADF';
    const size = request.body.getUint32(16, true);
    const text = new TextDecoder('latin1').decode(request.bytes.subarray(40, 40 + size));
    const file = open.known.node;
    if (isRemoved(file)) return 'ENODEV';
    if (isBlocking(file)) return this.#beginWrite(request, file, text, size);
    if (file.write === undefined) return 'EIO';
    return file.write(text) ?? writeOut(size);
  }

  #beginWrite(request: Request, file: BlockingFile, text: string, size: number): Answer | undefined {
    const begun = file.begin(text);
    if (begun === undefined) return writeOut(size);
    if (typeof begun === 'string') return begun;
    this.#pending.addWrite(request.unique, size, begun);
    return undefined;
  }

  #openDirectory(request: Request): Answer {
    const known = this.#nodes.find(request.node);
    if (known === undefined || isRemoved(known.node)) return 'ENOENT';
    if (known.node.kind !== 'directory') return 'ENOTDIR';
    const handle = this.#nextHandle++;
    this.#listings.set(handle, listing(known, known.node));
    return openOut(handle, false);
  }

  #readDirectory(request: Request): Answer {
    const entries = this.#listings.get(handleOf(request));
    if (entries === undefined) return 'EBADF';
    const offset = Number(request.body.getBigUint64(8, true));
    return direntsOut(entries, offset, request.body.getUint32(16, true));
  }

  #release(request: Request): Answer {
    this.#open.delete(handleOf(request));
    this.#listings.delete(handleOf(request));
    return new Uint8Array(0);
  }

  #attributesOf(known: KnownNode): Attributes {
    const { node } = known;
    const own = node.kind === 'symlink' ? 0o777 : node.mode;
    return {
      inode: known.id,
      mode: TYPE[node.kind] | (known.mode ?? own),
      size: node.kind === 'file' ? this.#parts.sizeOf(this.#pathOf(known)) : 0,
      links: node.kind === 'directory' ? 2 : 1,
    };
  }

  #pathOf(known: KnownNode): string {
    const names: string[] = [];
    let at: KnownNode | undefined = known;
    while (at !== undefined && at.parent !== at.id) {
      names.unshift(at.name);
      at = this.#nodes.find(at.parent);
    }
    return `/${names.join('/')}`;
  }
}

const handleOf = (request: Request): number => Number(request.body.getBigUint64(0, true));

function isBlocking(file: ModelFile): file is BlockingFile {
  return 'begin' in file;
}

function readAt(file: ModelFile, offset: number, size: number): Answer {
  const into = new Uint8Array(size);
  const read = file.readAt?.(into, offset) ?? 'EIO';
  return typeof read === 'string' ? read : into.subarray(0, read);
}

function listing(known: KnownNode, directory: ModelDirectory): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [
    { name: '.', inode: known.id, type: TYPE.directory },
    { name: '..', inode: known.parent, type: TYPE.directory },
  ];
  for (const name of directory.names()) {
    const node: ModelNode | undefined = directory.lookup(name);
    if (node !== undefined) entries.push({ name, inode: entries.length + 2 ** 31, type: TYPE[node.kind] });
  }
  return entries;
}
