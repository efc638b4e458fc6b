import { assumed, type Cpu, figure } from './cpu.js';
import { IBS_SAMPLE_NS, SECOND_HIT_CYCLES, USUAL_WALK, ZEN_COALESCING } from './shared-figures.js';

const SOURCE = 'AMD Software Optimization Guide for family 19h';

/** Zen 4 (EPYC 9004, Genoa). */
export const ZEN4: Cpu = {
  name: 'zen4',
  title: 'Zen 4 (EPYC 9004, Genoa)',
  architecture: 'x64',
  clockGhz: figure(3.3, 'manual', 'usual all-core clock of the server products'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(72, 'manual', SOURCE),
      ways: figure(72, 'manual', SOURCE),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(3072, 'manual', SOURCE),
    ways: assumed(12, 'not read in the guide; 256 sets'),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.35, 'six walkers as on Zen 3; not measured'),
  coalescing: ZEN_COALESCING,
  pmu: { kind: 'ibs', sampleNs: IBS_SAMPLE_NS, cpuid: 'AuthenticAMD,25,17,1', zen4Extensions: true },
  kernelTime: assumed(0.85, 'by its clock and width against Zen 3'),
};
