/**
 * CPUs that the model knows: sizes of their TLBs, costs of walks, their PMU, each figure with its source. Start with one
 * of the CPUs; a new one is a file like it and a line here.
 */
import type { Cpu } from './cpu.js';
import { ICE_LAKE } from './ice-lake.js';
import { KUNPENG_920 } from './kunpeng-920.js';
import { NEOVERSE_N1 } from './neoverse-n1.js';
import { NEOVERSE_V1 } from './neoverse-v1.js';
import { NEOVERSE_V2 } from './neoverse-v2.js';
import { SAPPHIRE_RAPIDS } from './sapphire-rapids.js';
import { ZEN3 } from './zen3.js';
import { ZEN4 } from './zen4.js';
import { ZEN5 } from './zen5.js';

/** Every CPU that a scenario can name. */
export const CPUS = {
  'kunpeng-920': KUNPENG_920,
  'neoverse-n1': NEOVERSE_N1,
  'neoverse-v1': NEOVERSE_V1,
  'neoverse-v2': NEOVERSE_V2,
  'ice-lake': ICE_LAKE,
  'sapphire-rapids': SAPPHIRE_RAPIDS,
  zen3: ZEN3,
  zen4: ZEN4,
  zen5: ZEN5,
} as const satisfies Record<string, Cpu>;

/** Name of a CPU in scenarios and options. */
export type CpuName = keyof typeof CPUS;

/** All names, in the order of `octavo simulate --list`. */
export const CPU_NAMES = Object.keys(CPUS) as CpuName[];

/** Whether there is a CPU of this name. */
export const isCpuName = (name: string): name is CpuName => Object.hasOwn(CPUS, name);
