import { assumed, type Cpu, figure } from './cpu.js';
import { PEBS_SAMPLE_NS, SECOND_HIT_CYCLES, USUAL_WALK } from './shared-figures.js';

const MANUAL = 'Intel 64 and IA-32 Architectures Optimization Reference Manual, Golden Cove';

/** Sapphire Rapids (Xeon 4th generation, Golden Cove). Loads and stores have first levels of their own; the model uses that of the loads for both. */
export const SAPPHIRE_RAPIDS: Cpu = {
  name: 'sapphire-rapids',
  title: 'Sapphire Rapids (Xeon 4th generation, Golden Cove)',
  architecture: 'x64',
  clockGhz: figure(2.8, 'manual', 'usual all-core clock of the server products'),
  first: [
    {
      holds: ['base'],
      entries: figure(96, 'manual', MANUAL),
      ways: assumed(6, 'not read in the manual; 16 sets'),
    },
    {
      holds: ['huge'],
      entries: figure(32, 'manual', MANUAL),
      ways: assumed(4, 'as on Sunny Cove'),
    },
  ],
  second: {
    holds: ['base', 'huge'],
    entries: figure(2048, 'manual', MANUAL),
    ways: assumed(16, 'not read in the manual; 128 sets'),
    hugeEntries: figure(1024, 'manual', MANUAL),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.35, 'four walkers (optimization manual); how much they hide was not measured'),
  pmu: {
    kind: 'pebs',
    sampleNs: PEBS_SAMPLE_NS,
    cpuid: 'GenuineIntel,6,143,8',
    loadsEvent: 0x1cd,
    storesEvent: 0x2cd,
  },
  kernelTime: assumed(0.95, 'by its width against Zen 3'),
};
