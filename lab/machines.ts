/**
 * Machines of the lab other than the usual one: what is booted, what is set up in the guest, and which scenarios it has to
 * pass. `npm run lab -- --machine NAME`. Results are in docs/lab.md.
 */
import type { Architecture } from '../src/model/kernel/state/options.js';
import { SCENARIOS } from '../test/conformance/catalogue.js';
import { MACHINE_SCENARIOS } from '../test/conformance/machine-catalogue.js';
import type { Scenario } from '../test/conformance/scenario.js';
import type { Boot } from './qemu.js';

/** What the guest does before its scenarios. */
export interface GuestSetup {
  /** Swap of so many MiB on a compressed RAM disk. */
  readonly zramMiB?: number;
  /** cgroup v2, and nothing of v1, at /sys/fs/cgroup. */
  readonly cgroup2?: boolean;
}

export interface LabMachine {
  readonly name: string;
  readonly says: string;
  readonly architecture: Architecture;
  /** Kernel, and column of test/conformance/differences.ts. */
  readonly series: string;
  readonly boot: Partial<Pick<Boot, 'cpus' | 'memoryMiB' | 'append'>>;
  readonly setup: GuestSetup;
  readonly scenarios: readonly string[];
  /** What its rows are held to: those declared, or, where those are of 4 KiB pages, those of the model with its pages. */
  readonly heldTo: 'declared' | 'model';
}

const USUAL = { architecture: 'x64', series: '7.3', boot: {}, setup: {}, heldTo: 'declared' } as const;
const CORE = ['debugfs-split', 'damos-collapse', 'damos-advice', 'damon-tuning'] as const;

export const LAB_MACHINES: readonly LabMachine[] = [
  { ...USUAL, name: 'cpus-1', says: 'one CPU', boot: { cpus: 1 }, scenarios: [...CORE, 'ping-pong'] },
  { ...USUAL, name: 'cpus-4', says: 'four CPUs', boot: { cpus: 4 }, scenarios: [...CORE, 'ping-pong'] },
  {
    ...USUAL,
    name: 'memory-1024',
    says: '1 GiB of memory',
    boot: { memoryMiB: 1024 },
    scenarios: [...CORE, 'shmem'],
  },
  {
    ...USUAL,
    name: 'thp-always',
    says: 'THP=always from boot on, khugepaged as the kernel starts it and then aggressive',
    boot: { append: 'transparent_hugepage=always' },
    scenarios: ['ping-pong', 'pipeline'],
  },
  {
    ...USUAL,
    name: 'zram',
    says: 'swap of 256 MiB on zram',
    setup: { zramMiB: 256 },
    scenarios: ['swapped', 'debugfs-split', 'damos-collapse'],
  },
  {
    ...USUAL,
    name: 'lockdown',
    says: 'lockdown=integrity, as with Secure Boot',
    boot: { append: 'lockdown=integrity' },
    scenarios: ['locked-down', 'damos-collapse', 'damos-advice', 'damon-tuning'],
  },
  {
    ...USUAL,
    name: 'cgroup2',
    says: 'cgroup v2 only, the target at its memory limit without swap',
    setup: { cgroup2: true },
    scenarios: ['full-cgroup', 'damos-collapse'],
  },
  {
    ...USUAL,
    name: 'guest-memory',
    says: 'a target with the memory of a virtual machine: memfd and tmpfs',
    scenarios: ['guest-memory', 'shmem'],
  },
  {
    ...USUAL,
    name: 'arm64-bytes',
    says: 'arm64: the bytes of simulate and of the SPE corpus as on this machine',
    architecture: 'arm64',
    // With two, the code that Node compiles was once seen to go wrong in the emulator.
    boot: { cpus: 1 },
    scenarios: ['same-bytes'],
  },
  {
    ...USUAL,
    name: 'arm64-guest-memory',
    says: 'arm64: a target with the memory of a virtual machine',
    architecture: 'arm64',
    scenarios: ['guest-memory', 'shmem'],
  },
  {
    ...USUAL,
    name: 'arm64-16k',
    says: 'arm64 with pages of 16 KiB and huge pages of 32 MiB',
    architecture: 'arm64',
    series: '7.3-16k',
    heldTo: 'model',
    scenarios: ['debugfs-split', 'damon-stat', 'damos-advice', 'damos-cold'],
  },
];

export function labMachine(name: string): LabMachine | undefined {
  return LAB_MACHINES.find((machine) => machine.name === name);
}

/** A scenario of either list. */
export function findScenario(name: string): Scenario | undefined {
  return [...SCENARIOS, ...MACHINE_SCENARIOS].find((scenario) => scenario.name === name);
}

export function scenariosOf({ scenarios }: LabMachine): readonly Scenario[] {
  return scenarios.map((name) => {
    const found = findScenario(name);
    if (!found) throw new Error(`no scenario ${name}`);
    return found;
  });
}
