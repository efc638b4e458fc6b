/**
 * Capabilities of this thread (capabilities(7)): those of a thread are its own, and an exec takes those of the thread that
 * calls it to all of the new program. So a thread gives up what the program that follows is not to have.
 */
import { readFileSync } from 'node:fs';
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Native } from '../native.js';

/** include/uapi/linux/prctl.h. */
const PR_CAPBSET_READ = 23;
const PR_CAPBSET_DROP = 24;
const PR_SET_NO_NEW_PRIVS = 38;
const PR_CAP_AMBIENT = 47;
const PR_CAP_AMBIENT_RAISE = 2;
const PR_CAP_AMBIENT_CLEAR_ALL = 4;
/** _LINUX_CAPABILITY_VERSION_3: two words of 32 bits for each set. */
const VERSION_3 = 0x20080522;
const HEADER_BYTES = 8;

/** What a process may do, as /proc/PID/status tells it. */
export interface Privileges {
  readonly userId: number;
  /** CapEff, CapPrm and CapBnd as bits. */
  readonly effective: bigint;
  readonly permitted: bigint;
  readonly bounding: bigint;
  readonly noNewPrivileges: boolean;
}

/** Returns user and capability sets of a process or of this thread, from its status file. */
export function privilegesOf(pid: number | 'self' | 'thread-self'): Privileges {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const word = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '0';
  return {
    userId: Number(word('Uid')),
    effective: BigInt(`0x${word('CapEff')}`),
    permitted: BigInt(`0x${word('CapPrm')}`),
    bounding: BigInt(`0x${word('CapBnd')}`),
    noNewPrivileges: word('NoNewPrivs') === '1',
  };
}

/**
 * Leaves this thread, and the program that it becomes, with these capabilities at most, and without a way to more. Returns
 * the errno of what was refused and matters.
 */
export function keepOnly(native: Native, keep: bigint): ErrnoName | undefined {
  const refused = noWayToMore(native, keep);
  if (refused) return refused;
  const kept = privilegesOf('thread-self').permitted & keep;
  return setCapabilities(native, kept) ?? raiseAmbient(native, kept);
}

/**
 * The same with none. Where a change of user follows, that takes the capabilities, and needs them: to keep them until
 * then gives the program nothing, since its bounding set is empty and its user is not root.
 */
export function keepNothing(native: Native, userChanges: boolean): ErrnoName | undefined {
  return noWayToMore(native, 0n) ?? (userChanges ? undefined : setCapabilities(native, 0n));
}

/**
 * No new privileges by exec, a bounding set of no more than `keep`, nothing ambient. The bounding set stays as it is where
 * there is no right to change it (CAP_SETPCAP): without new privileges it gives nothing.
 */
function noWayToMore(native: Native, keep: bigint): ErrnoName | undefined {
  const set = native.call('prctl', PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (set.errno) return set.errno;
  for (let bit = 0; native.call('prctl', PR_CAPBSET_READ, bit, 0, 0, 0).errno === undefined; bit++) {
    if (((keep >> BigInt(bit)) & 1n) === 0n) native.call('prctl', PR_CAPBSET_DROP, bit, 0, 0, 0);
  }
  native.call('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  return undefined;
}

/** For a user other than root only ambient capabilities outlive an exec. Root gets its bounding set without them. */
function raiseAmbient(native: Native, bits: bigint): ErrnoName | undefined {
  if (process.geteuid?.() === 0) return undefined;
  for (let bit = 0n; bits >> bit > 0n; bit++) {
    if (((bits >> bit) & 1n) === 0n) continue;
    const raised = native.call('prctl', PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, bit, 0, 0);
    if (raised.errno) return raised.errno;
  }
  return undefined;
}

/** Effective, permitted and inheritable sets alike. */
function setCapabilities(native: Native, bits: bigint): ErrnoName | undefined {
  const { address, bytes } = native.arena(4096);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, 8);
  const [low, high] = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
  words.set([VERSION_3, 0, low, low, low, high, high, high]);
  return native.call('capset', address, address + BigInt(HEADER_BYTES)).errno;
}
