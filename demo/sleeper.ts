/**
 * A forked child that shares the workload's memory and only sleeps. It must not run JavaScript: of a forked Node only
 * one thread is left, and the locks that the others held stay locked. So it runs a few instructions of its own:
 * prctl(PR_SET_PDEATHSIG, SIGKILL), then pause(2) or ppoll(2) for ever.
 */
import { cloneInto, MAP, mapMemory, PROT, protectMemory, viewMemory } from './own-calls.js';
import { WorkloadRefusal } from './refusal.js';

/** mov eax,157; mov edi,1; mov esi,9; syscall; again: mov eax,34; syscall; jmp again. */
const X64 = [
  0xb8, 0x9d, 0, 0, 0, 0xbf, 1, 0, 0, 0, 0xbe, 9, 0, 0, 0, 0x0f, 0x05, 0xb8, 0x22, 0, 0, 0, 0x0f, 0x05, 0xeb,
  0xf7,
];
/** mov x8,#167; mov x0,#1; mov x1,#9; svc #0; again: mov x0..x3,#0; mov x8,#73; svc #0; b again. */
const ARM64 = [
  0xd28014e8, 0xd2800020, 0xd2800121, 0xd4000001, 0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928,
  0xd4000001, 0x17fffffa,
];

const CODE_BYTES = 65536;
const STACK_BYTES = 65536;

let entry: number | undefined;

/** Forks one and returns its pid. It ends with the workload, or by SIGKILL. */
export function forkSleeper(): number {
  entry ??= writeCode();
  const stack = mapMemory(0, STACK_BYTES, PROT.write, MAP.private | MAP.anonymous);
  return cloneInto(entry, stack + STACK_BYTES - 64);
}

function writeCode(): number {
  const at = mapMemory(0, CODE_BYTES, PROT.write, MAP.private | MAP.anonymous);
  const view = viewMemory(at, CODE_BYTES);
  if (process.arch === 'x64') new Uint8Array(view).set(X64);
  else if (process.arch === 'arm64') new Uint32Array(view).set(ARM64);
  else throw new WorkloadRefusal('ENOSYS', `fork on ${process.arch}`);
  protectMemory(at, CODE_BYTES, PROT.execute);
  return at;
}
