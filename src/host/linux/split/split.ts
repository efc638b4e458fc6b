/**
 * Two processes out of one: a child that decides, without any capability, and this very process (same pid) as the one that
 * acts, with those that it needs. A socket pair joins them. Both begin with an exec, so that no thread keeps what was given
 * up, nor any memory from before.
 */
import { closeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { capabilityBits } from '../../../vocabulary/capabilities.js';
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Refusal } from '../../host.js';
import { becomeProgram } from '../become.js';
import { takeInherited } from '../inherited.js';
import { Native } from '../native.js';
import { keepOnly } from './capabilities.js';

/** A program of this package, by its file. The descriptor of its end of the socket pair comes behind its words. */
export interface Side {
  readonly entry: URL;
  readonly words: readonly string[];
}

export interface SplitRequest {
  readonly deciding: Side & { readonly environment: Readonly<Record<string, string>> };
  readonly acting: Side;
  /** Capabilities of the acting side: `CAP_SYS_PTRACE`. */
  readonly keep: readonly string[];
  /** Whom the deciding side runs as where this process is root's; nobody when undefined. Another user's keeps its own. */
  readonly user: User | undefined;
}

export interface User {
  readonly userId: number;
  readonly groupId: number;
}

/** The user of no files: the kernel's overflow ids. */
const NOBODY: User = { userId: 65534, groupId: 65534 };

/** What the thread that starts the deciding side is told, and what it tells. */
export interface Starting {
  readonly descriptor: number;
  readonly program: string;
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly user: User | undefined;
}
export type Started = { readonly pid: number } | { readonly problem: string };

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const F_SETFD = 2;

/** Returns only when it was refused; what was begun has ended then. */
export async function split(request: SplitRequest): Promise<Refusal> {
  const { arch } = process;
  if (arch !== 'x64' && arch !== 'arm64') return { errno: 'ENOSYS', call: `socketpair on ${arch}` };
  const native = new Native(arch);
  const pair = socketPair(native);
  if (typeof pair === 'string') return { errno: pair, call: 'socketpair' };
  const [own, other] = pair;
  const started = await startDeciding(request, other);
  closeSync(other);
  if ('problem' in started) {
    closeSync(own);
    return { errno: 'EPERM', call: `start the deciding process: ${started.problem}` };
  }
  const refused = keepOnly(native, capabilityBits(request.keep));
  // The deciding side finds the end of its socket, and ends.
  if (refused) return { errno: refused, call: 'capset' };
  native.call('fcntl', own, F_SETFD, 0);
  const { entry, words } = request.acting;
  return becomeProgram(process.execPath, [...wordsOf(entry, words), String(own)], takeInherited());
}

function wordsOf(entry: URL, words: readonly string[]): readonly string[] {
  return [entry.pathname, ...words];
}

function socketPair(native: Native): readonly [number, number] | ErrnoName {
  const { address, bytes } = native.arena(4096);
  const made = native.call('socketpair', AF_UNIX, SOCK_STREAM_CLOEXEC, 0, address);
  if (made.errno) return made.errno;
  const ends = new Int32Array(bytes.buffer, bytes.byteOffset, 2);
  return [ends[0], ends[1]];
}

/** On a thread of its own, which gives up everything first. */
function startDeciding({ deciding, user }: SplitRequest, descriptor: number): Promise<Started> {
  const starting: Starting = {
    descriptor,
    program: process.execPath,
    words: wordsOf(deciding.entry, deciding.words),
    environment: deciding.environment,
    user: process.geteuid?.() === 0 ? (user ?? NOBODY) : undefined,
  };
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./start-deciding.js', import.meta.url), { workerData: starting });
    worker.once('message', resolve);
    worker.once('error', (problem) => resolve({ problem: problem.message }));
  });
}
