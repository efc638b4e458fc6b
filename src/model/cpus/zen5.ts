import { assumed, type Cpu, figure } from './cpu.js';
import { IBS_SAMPLE_NS, SECOND_HIT_CYCLES, USUAL_WALK, ZEN_COALESCING } from './shared-figures.js';

const SOURCE = 'AMD Software Optimization Guide for family 1Ah';

/** Zen 5 (EPYC 9005, Turin). */
export const ZEN5: Cpu = {
  name: 'zen5',
  title: 'Zen 5 (EPYC 9005, Turin)',
  architecture: 'x64',
  clockGhz: figure(3.4, 'manual', 'usual all-core clock of the server products'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(96, 'manual', SOURCE),
      ways: figure(96, 'manual', SOURCE),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(4096, 'manual', SOURCE),
    ways: assumed(16, 'not read in the guide; 256 sets'),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.4, 'wider window than Zen 4; not measured'),
  coalescing: ZEN_COALESCING,
  pmu: { kind: 'ibs', sampleNs: IBS_SAMPLE_NS, cpuid: 'AuthenticAMD,26,2,1', zen4Extensions: true },
  kernelTime: assumed(0.75, 'by its clock and width against Zen 3'),
};
