/**
 * Mounting and private mount namespaces with plain system calls. A namespace holds for the calling thread, which
 * is the one that starts programs, and for everything started from it; the machine's own mounts are not touched.
 */
import { closeSync, constants, openSync, read, writeSync } from 'node:fs';
import koffi from 'koffi';
import { failure, success } from '../../base/result.js';
import { errnoName } from '../../vocabulary/errno.js';
import type { Answer } from '../host.js';
import { errnoOf } from './files.js';
import { hold, release } from './held.js';

const CLONE_NEWNS = 0x00020000;
const MS = { bind: 0x1000, rec: 0x4000, private: 1 << 18, nosuid: 2, nodev: 4, noexec: 8 } as const;
const MNT_DETACH = 2;
/** Larger than any request that the server allows. */
const REQUEST_BYTES = 128 * 1024;

type Call = (...values: unknown[]) => number;

interface Libc {
  readonly unshare: Call;
  readonly mount: Call;
  readonly umount2: Call;
}

let loaded: Libc | undefined;

function libc(): Libc {
  const library = koffi.load(null);
  loaded ??= {
    unshare: library.func('unshare', 'int', ['int']) as never,
    mount: library.func('mount', 'int', ['str', 'str', 'str', 'uint64_t', 'str']) as never,
    umount2: library.func('umount2', 'int', ['str', 'int']) as never,
  };
  return loaded;
}

function asAnswer(result: number, call: string): Answer<void> {
  // Read before anything else can change it, loading a module included.
  const error = koffi.errno();
  return result === 0 ? success(undefined) : failure({ errno: errnoName(error), call });
}

/** Gives this process's main thread, and what it starts, mounts of its own. */
export function enterPrivateMounts(): Answer<void> {
  const entered = asAnswer(libc().unshare(CLONE_NEWNS), 'unshare CLONE_NEWNS');
  if (!entered.ok) return entered;
  return asAnswer(libc().mount('none', '/', null, MS.rec | MS.private, null), 'mount / private');
}

/** Makes `from` appear at `to` as well, with everything mounted below it. */
export function bindMount(from: string, to: string): Answer<void> {
  return asAnswer(libc().mount(from, to, null, MS.bind | MS.rec, null), `mount --rbind ${from} ${to}`);
}

/** Detaches a mount; programs that have files of it open keep them. */
export function unmount(path: string): Answer<void> {
  return asAnswer(libc().umount2(path, MNT_DETACH), `umount ${path}`);
}

/** An open /dev/fuse with its mount. */
export class FuseMount {
  readonly path: string;
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(REQUEST_BYTES);
  #closed = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** The next request; undefined when the mount is gone. Valid until the next call. */
  async next(): Promise<Uint8Array | undefined> {
    while (!this.#closed) {
      const outcome = await this.#read();
      if (typeof outcome === 'number') return this.#buffer.subarray(0, outcome);
      // A request was taken back (ENOENT), or a signal came in between.
      if (outcome !== 'ENOENT' && outcome !== 'EINTR' && outcome !== 'EAGAIN') return undefined;
    }
    return undefined;
  }

  /** Sends a reply. One that is no longer waited for (ENOENT, or the mount is gone) is dropped. */
  reply(message: Uint8Array): void {
    if (this.#closed) return;
    try {
      writeSync(this.#fd, message);
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    unmount(this.path);
    release();
    try {
      closeSync(this.#fd);
    } catch {
      // Closed already.
    }
  }

  #read(): Promise<number | string> {
    return new Promise((resolve) => {
      read(this.#fd, this.#buffer, 0, REQUEST_BYTES, null, (error, count) =>
        resolve(error === null ? count : (error.code ?? 'EIO')),
      );
    });
  }
}

/** Mounts a FUSE file system at an existing directory; root only. The kernel checks permissions by file modes. */
export function mountFuse(path: string): Answer<FuseMount> {
  hold();
  let fd: number;
  try {
    fd = openSync('/dev/fuse', constants.O_RDWR);
  } catch (error) {
    release();
    return failure({ errno: errnoOf(error), call: 'open /dev/fuse' });
  }
  const options = `fd=${fd},rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other`;
  const flags = MS.nosuid | MS.nodev | MS.noexec;
  const mounted = asAnswer(libc().mount('octavo-model', path, 'fuse', flags, options), `mount fuse ${path}`);
  if (mounted.ok) return success(new FuseMount(path, fd));
  closeSync(fd);
  release();
  return mounted;
}
