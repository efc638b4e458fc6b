import { assumed, type Cpu, figure } from './cpu.js';
import { IBS_SAMPLE_NS, SECOND_HIT_CYCLES, USUAL_WALK, ZEN_COALESCING } from './shared-figures.js';

const SOURCE = 'CPUID 0x80000005 and 0x80000006 read on an EPYC of this core';

/** Zen 3 (EPYC 7003, Milan). */
export const ZEN3: Cpu = {
  name: 'zen3',
  title: 'Zen 3 (EPYC 7003, Milan)',
  architecture: 'x64',
  clockGhz: figure(3.0, 'manual', 'usual all-core clock of the server products'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(64, 'register', SOURCE),
      ways: figure(64, 'register', SOURCE),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(2048, 'register', SOURCE),
    ways: figure(8, 'register', SOURCE),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.35, 'six walkers (AMD, Hot Chips 33); how much they hide was not measured'),
  coalescing: ZEN_COALESCING,
  pmu: { kind: 'ibs', sampleNs: IBS_SAMPLE_NS, cpuid: 'AuthenticAMD,25,1,1', zen4Extensions: false },
  kernelTime: figure(1, 'measured', 'npm run bench:costs in a guest of an EPYC of this core'),
};
