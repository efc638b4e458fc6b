import { assumed, type Cpu, figure } from './cpu.js';
import { CONTPTE, SECOND_HIT_CYCLES, SPE_SAMPLE_NS, USUAL_WALK } from './shared-figures.js';

const MANUAL = 'Arm Neoverse V2 Technical Reference Manual, memory management unit';

/** Neoverse V2 (Grace, Graviton4). */
export const NEOVERSE_V2: Cpu = {
  name: 'neoverse-v2',
  title: 'Neoverse V2 (Grace, Graviton4)',
  architecture: 'arm64',
  clockGhz: figure(2.8, 'manual', 'clock of the products named in the title'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(48, 'manual', MANUAL),
      ways: figure(48, 'manual', MANUAL),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(2048, 'manual', MANUAL),
    ways: assumed(8, 'not read in the manual'),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.35, 'wider than Neoverse V1; not measured'),
  coalescing: CONTPTE,
  pmu: {
    kind: 'spe',
    sampleNs: SPE_SAMPLE_NS,
    midr: 0x410fd4f0,
    minInterval: figure(1024, 'manual', 'drivers/perf/arm_spe_pmu.c takes it from PMSIDR_EL1; usual value'),
    recordBytes: assumed(64, 'as measured on Neoverse N1'),
  },
  kernelTime: assumed(0.9, 'by its width against Zen 3'),
};
