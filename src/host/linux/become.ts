/**
 * Turns this process into another program by execve(2): same pid, parent, terminal and control group. The program
 * starts as if Octavo had not been there; what Node changed is put back first.
 */
import { createRequire } from 'node:module';
import { errnoName } from '../../vocabulary/errno.js';
import type { Refusal } from '../host.js';
import type { Inherited } from './inherited.js';

const SIG_DFL = 0;
const SIG_IGN = 1;
const SIGPIPE = 13;
const SIG_SETMASK = 2;
const LAST_SIGNAL = 64;
/** SIGKILL and SIGSTOP cannot be set; 32 and 33 belong to the C library. */
const UNSETTABLE = [9, 19, 32, 33];
const F_SETFD = 2;
const RLIMIT_NOFILE = 7;
/** glibc's sigset_t holds 1024 bits. */
const SIGNAL_SET_BYTES = 128;

type Call = (...values: unknown[]) => number;

/** Returns only when the kernel refuses. */
export function becomeProgram(command: string, parameters: readonly string[], inherited: Inherited): Refusal {
  // Loaded here: it takes tens of milliseconds, and every command loads this file.
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const libc = koffi.load(null);
  const call = (name: string, types: string[]) => libc.func(name, 'int', types) as unknown as Call;
  const execvp = call('execvp', ['str', 'char **']);
  restoreFiles(call, inherited);
  restoreSignals(libc, call, inherited);
  execvp(command, [command, ...parameters, null]);
  const failed = koffi.errno();
  // This process goes on after all, and must live to tell it even to a closed pipe.
  (libc.func('signal', 'intptr_t', ['int', 'intptr_t']) as unknown as Call)(SIGPIPE, SIG_IGN);
  return { errno: errnoName(failed), call: `execve ${command}` };
}

type Library = ReturnType<typeof import('koffi')['load']>;
type Lookup = (name: string, types: string[]) => Call;

/** Node marks inherited files close-on-exec and raises the limit of open files. */
function restoreFiles(call: Lookup, { files, openFiles }: Inherited): void {
  const fcntl = call('fcntl', ['int', 'int', 'long']);
  for (const descriptor of files) fcntl(descriptor, F_SETFD, 0);
  if (openFiles === undefined) return;
  const limit = new BigUint64Array(2);
  call('getrlimit', ['int', 'uint64_t *'])(RLIMIT_NOFILE, limit);
  if (openFiles < limit[1]) limit[0] = openFiles;
  else limit[0] = limit[1];
  call('setrlimit', ['int', 'uint64_t *'])(RLIMIT_NOFILE, limit);
}

/** Handlers end with execve; ignored signals and the mask do not. Node ignores SIGPIPE and SIGXFSZ. */
function restoreSignals(libc: Library, call: Lookup, { ignored, blocked }: Inherited): void {
  const signal = libc.func('signal', 'intptr_t', ['int', 'intptr_t']) as unknown as Call;
  for (let number = 1; number <= LAST_SIGNAL; number++) {
    if (UNSETTABLE.includes(number)) continue;
    const wasIgnored = ((ignored >> BigInt(number - 1)) & 1n) === 1n;
    signal(number, wasIgnored ? SIG_IGN : SIG_DFL);
  }
  const mask = new BigUint64Array(SIGNAL_SET_BYTES / 8);
  mask[0] = blocked;
  call('sigprocmask', ['int', 'uint64_t *', 'uint64_t *'])(SIG_SETMASK, mask, null);
}
