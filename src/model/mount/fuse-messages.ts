/**
 * Bytes of the FUSE protocol (include/uapi/linux/fuse.h), version 7.31: requests as they come from /dev/fuse and
 * the replies to them. Little-endian, as x86-64 and arm64 are.
 */
import { ERRNO, type ErrnoName } from '../../vocabulary/errno.js';

/** Operations that the server knows (enum fuse_opcode). */
export const OPCODE = {
  lookup: 1,
  forget: 2,
  getattr: 3,
  setattr: 4,
  readlink: 5,
  symlink: 6,
  mknod: 8,
  mkdir: 9,
  unlink: 10,
  rmdir: 11,
  rename: 12,
  link: 13,
  open: 14,
  read: 15,
  write: 16,
  statfs: 17,
  release: 18,
  fsync: 20,
  setxattr: 21,
  getxattr: 22,
  listxattr: 23,
  removexattr: 24,
  flush: 25,
  init: 26,
  opendir: 27,
  readdir: 28,
  releasedir: 29,
  fsyncdir: 30,
  access: 34,
  create: 35,
  interrupt: 36,
  destroy: 38,
  batchForget: 42,
  rename2: 45,
  lseek: 46,
} as const;

const PROTOCOL = { major: 7, minor: 31 };
/** FUSE_ATOMIC_O_TRUNC: opening with O_TRUNC is one request. FUSE_PARALLEL_DIROPS: look-ups do not queue. */
const FLAGS = (1 << 3) | (1 << 18);
/** A kernel file takes a page at a time; longer writes come as several requests, as they reach sysfs. */
export const MOST_WRITE = 4096;
/** FOPEN_DIRECT_IO: every read and write comes here, whatever the size says. */
const DIRECT_IO = 1;
const IN_HEADER = 40;
const OUT_HEADER = 16;

/** A request from the kernel. */
export interface Request {
  readonly opcode: number;
  readonly unique: bigint;
  readonly node: number;
  readonly pid: number;
  readonly body: DataView;
  readonly bytes: Uint8Array;
}

/** Undefined for a message that is cut. */
export function parseRequest(message: Uint8Array): Request | undefined {
  if (message.length < IN_HEADER) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const length = view.getUint32(0, true);
  if (length > message.length || length < IN_HEADER) return undefined;
  const bytes = message.subarray(IN_HEADER, length);
  return {
    opcode: view.getUint32(4, true),
    unique: view.getBigUint64(8, true),
    node: Number(view.getBigUint64(16, true)),
    pid: view.getUint32(32, true),
    body: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    bytes,
  };
}

/** The name that a request like LOOKUP ends with. */
export function nameIn(bytes: Uint8Array, from = 0): string {
  const end = bytes.indexOf(0, from);
  return new TextDecoder().decode(bytes.subarray(from, end < 0 ? bytes.length : end));
}

/** Returns a reply with an errno. */
export function errorReply(unique: bigint, errno: ErrnoName): Uint8Array {
  return framed(unique, -ERRNO[errno], new Uint8Array(0));
}

/** Returns a reply with data, or an empty success. */
export function dataReply(unique: bigint, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return framed(unique, 0, data);
}

function framed(unique: bigint, error: number, data: Uint8Array): Uint8Array {
  const reply = new Uint8Array(OUT_HEADER + data.length);
  const view = new DataView(reply.buffer);
  view.setUint32(0, reply.length, true);
  view.setInt32(4, error, true);
  view.setBigUint64(8, unique, true);
  reply.set(data, OUT_HEADER);
  return reply;
}

/** struct fuse_init_out. */
export function initOut(): Uint8Array {
  const { bytes, view } = block(64);
  view.setUint32(0, PROTOCOL.major, true);
  view.setUint32(4, PROTOCOL.minor, true);
  view.setUint32(8, 0, true);
  view.setUint32(12, FLAGS, true);
  view.setUint16(16, 16, true);
  view.setUint16(18, 12, true);
  view.setUint32(20, MOST_WRITE, true);
  view.setUint32(24, 1, true);
  return bytes;
}

/** What stat shows of a file. */
export interface Attributes {
  readonly inode: number;
  /** Type and permission bits, as st_mode. */
  readonly mode: number;
  readonly size: number;
  readonly links: number;
}

const ATTRIBUTES = 88;

/** struct fuse_attr at `offset`. Owner is root; times are the start of the epoch, as a kernel file has no meaningful one. */
function putAttributes(view: DataView, offset: number, attributes: Attributes): void {
  view.setBigUint64(offset, BigInt(attributes.inode), true);
  view.setBigUint64(offset + 8, BigInt(attributes.size), true);
  view.setUint32(offset + 60, attributes.mode, true);
  view.setUint32(offset + 64, attributes.links, true);
  view.setUint32(offset + 80, 4096, true);
}

/** struct fuse_entry_out with no caching at all. */
export function entryOut(attributes: Attributes): Uint8Array {
  const { bytes, view } = block(40 + ATTRIBUTES);
  view.setBigUint64(0, BigInt(attributes.inode), true);
  putAttributes(view, 40, attributes);
  return bytes;
}

/** struct fuse_attr_out. */
export function attrOut(attributes: Attributes): Uint8Array {
  const { bytes, view } = block(16 + ATTRIBUTES);
  putAttributes(view, 16, attributes);
  return bytes;
}

/** struct fuse_open_out. */
export function openOut(handle: number, direct: boolean): Uint8Array {
  const { bytes, view } = block(16);
  view.setBigUint64(0, BigInt(handle), true);
  view.setUint32(8, direct ? DIRECT_IO : 0, true);
  return bytes;
}

/** struct fuse_write_out. */
export function writeOut(size: number): Uint8Array {
  const { bytes, view } = block(8);
  view.setUint32(0, size, true);
  return bytes;
}

/** struct fuse_statfs_out of a file system without blocks, like sysfs. */
export function statfsOut(): Uint8Array {
  const { bytes, view } = block(80);
  view.setUint32(40, 4096, true);
  view.setUint32(44, 255, true);
  view.setUint32(48, 4096, true);
  return bytes;
}

/** A name in a listing. */
export interface DirectoryEntry {
  readonly name: string;
  readonly inode: number;
  /** File type bits of st_mode. */
  readonly type: number;
}

/** As many struct fuse_dirent from `offset` on as fit into `room` bytes. */
export function direntsOut(entries: readonly DirectoryEntry[], offset: number, room: number): Uint8Array {
  const parts: Uint8Array[] = [];
  let used = 0;
  for (let index = offset; index < entries.length; index++) {
    const part = dirent(entries[index], index + 1);
    if (used + part.length > room) break;
    parts.push(part);
    used += part.length;
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function dirent(entry: DirectoryEntry, next: number): Uint8Array {
  const name = new TextEncoder().encode(entry.name);
  const { bytes, view } = block(Math.ceil((24 + name.length) / 8) * 8);
  view.setBigUint64(0, BigInt(entry.inode), true);
  view.setBigUint64(8, BigInt(next), true);
  view.setUint32(16, name.length, true);
  view.setUint32(20, entry.type >> 12, true);
  bytes.set(name, 24);
  return bytes;
}

function block(length: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}
