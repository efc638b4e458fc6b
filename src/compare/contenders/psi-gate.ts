import { ALWAYS, type Contender, type Steering } from './contender.js';

/** Pressure within a second from which memory counts as short, and memory below which a group gets base pages only. */
const STALL_US = 100_000;
const SMALL_KIB = 16 * 1024;

const ENABLED = '/sys/kernel/mm/transparent_hugepage/enabled';

/** Huge pages while no task stalls on memory, base pages otherwise. */
export const psiGate: Contender = {
  name: 'psi-gate',
  brief: 'every second: base pages only after 100 ms of full memory stalls or below 16 MB, else all sizes',
  source: 'Vernon Yang, mthp_ext.bpf.c v1–v2 (May 2026): hook at allocation by cgroup',
  simplified:
    'one switch for the host instead of a cgroup hook, and the stall of the whole host; it decides what new memory becomes and touches nothing that is there',
  thp: ALWAYS,
  steer(): Steering {
    let before: number | undefined;
    return (host) => {
      const pressure = host.files.readText('/proc/pressure/memory');
      const now = pressure.ok ? Number(/^full .*total=(\d+)/m.exec(pressure.value)?.[1] ?? 0) : 0;
      const memory = host.files.readText('/proc/meminfo');
      const anonymous = memory.ok ? Number(/^AnonPages:\s+(\d+)/m.exec(memory.value)?.[1] ?? 0) : 0;
      const isShort = now - (before ?? now) >= STALL_US || anonymous < SMALL_KIB;
      before = now;
      host.files.writeKernelFile(ENABLED, isShort ? 'never' : 'always');
    };
  },
};
