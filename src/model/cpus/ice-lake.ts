import { assumed, type Cpu, figure } from './cpu.js';
import { PEBS_SAMPLE_NS, SECOND_HIT_CYCLES, USUAL_WALK } from './shared-figures.js';

const MANUAL = 'Intel 64 and IA-32 Architectures Optimization Reference Manual, Sunny Cove';

/** Ice Lake-SP (Xeon 3rd generation). Loads and stores have first levels of their own; the model uses that of the loads for both. */
export const ICE_LAKE: Cpu = {
  name: 'ice-lake',
  title: 'Ice Lake-SP (Xeon 3rd generation)',
  architecture: 'x64',
  clockGhz: figure(2.9, 'manual', 'usual all-core clock of the server products'),
  first: [
    {
      holds: ['base'],
      entries: figure(64, 'manual', MANUAL),
      ways: figure(4, 'manual', MANUAL),
    },
    {
      holds: ['huge'],
      entries: figure(32, 'manual', MANUAL),
      ways: figure(4, 'manual', MANUAL),
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
  walkOverlap: assumed(0.3, 'two walkers (optimization manual); how much they hide was not measured'),
  pmu: {
    kind: 'pebs',
    sampleNs: PEBS_SAMPLE_NS,
    cpuid: 'GenuineIntel,6,106,6',
    loadsEvent: 0x1cd,
    storesEvent: 0x82d0,
  },
  kernelTime: assumed(1, 'as Zen 3'),
};
