/**
 * Two processes out of one: a child that decides, without any capability, and this very process (same pid) as the one that
 * acts, with those that it needs. A socket pair joins them. Both begin with an exec, so that no thread keeps what was given
 * up, nor any memory from before.
 */
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { capabilityBits } from '../../../vocabulary/capabilities.js';
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Refusal } from '../../host.js';
import { becomeProgram } from '../become.js';
import { takeInherited } from '../inherited.js';
import { Native } from '../native.js';
import { keepOnly, privilegesOf } from './capabilities.js';
import { makeRooms, type Rooms } from './directories.js';
import { decidingUser, type User } from './user.js';

/** A program of this package, by its file. */
export interface Side {
  readonly entry: URL;
  readonly words: readonly string[];
}

/** The programs of both sides, and what each may keep. */
export interface SplitRequest {
  readonly deciding: Side;
  /** Behind its words come the pid of the deciding side and the descriptor of its end of the socket pair. */
  readonly acting: Side;
  /** Capabilities of the acting side: `CAP_SYS_PTRACE`. */
  readonly keep: readonly string[];
  /** What the deciding side may write to, where it is another user's. */
  readonly rooms?: Rooms;
}

/** What the thread that starts the deciding side is told, and what it tells. */
export interface Starting {
  readonly descriptor: number;
  readonly program: string;
  readonly words: readonly string[];
  readonly user: User | undefined;
}
/** The pid of the deciding side, or why there is none. */
export type Started = { readonly pid: number } | { readonly problem: string };

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const F_SETFD = 2;

/** Whether this process has anything that a part of it should not have. */
export function canSplit(): boolean {
  const { arch } = process;
  return (arch === 'x64' || arch === 'arm64') && privilegesOf('self').permitted !== 0n;
}

/** Returns only when it was refused; what was begun has ended then. */
export async function split(request: SplitRequest): Promise<Refusal> {
  const native = new Native(process.arch === 'arm64' ? 'arm64' : 'x64');
  const user = decidingUser();
  try {
    if (request.rooms !== undefined && user !== undefined) makeRooms(request.rooms, user);
  } catch (problem) {
    return { errno: 'EPERM', call: `prepare its directories: ${(problem as Error).message}` };
  }
  const pair = socketPair(native);
  if (typeof pair === 'string') return { errno: pair, call: 'socketpair' };
  const [own, other] = pair;
  const started = await startDeciding(request.deciding, other, user);
  closeSync(other);
  if ('problem' in started) {
    closeSync(own);
    return { errno: 'EPERM', call: `start the deciding process: ${started.problem}` };
  }
  const refused = keepOnly(native, capabilityBits(request.keep));
  if (refused) {
    // The deciding side finds the end of its socket, and ends.
    closeSync(own);
    return { errno: refused, call: 'give up capabilities' };
  }
  native.call('fcntl', own, F_SETFD, 0);
  const words = [...wordsOf(request.acting), String(started.pid), String(own)];
  const { errno, call } = becomeProgram(process.execPath, words, takeInherited());
  closeSync(own);
  return { errno, call };
}

function wordsOf({ entry, words }: Side): readonly string[] {
  return [fileURLToPath(entry), ...words];
}

function socketPair(native: Native): readonly [number, number] | ErrnoName {
  const { address, bytes } = native.arena(4096);
  const made = native.call('socketpair', AF_UNIX, SOCK_STREAM_CLOEXEC, 0, address);
  if (made.errno) return made.errno;
  const ends = new Int32Array(bytes.buffer, bytes.byteOffset, 2);
  return [ends[0], ends[1]];
}

/** On a thread of its own, which gives up everything first. */
function startDeciding(side: Side, descriptor: number, user: User | undefined): Promise<Started> {
  const starting: Starting = { descriptor, program: process.execPath, words: wordsOf(side), user };
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./start-deciding.js', import.meta.url), { workerData: starting });
    worker.once('message', resolve);
    worker.once('error', (problem) => resolve({ problem: problem.message }));
  });
}
