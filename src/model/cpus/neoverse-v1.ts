import { assumed, type Cpu, figure } from './cpu.js';
import { CONTPTE, SECOND_HIT_CYCLES, SPE_SAMPLE_NS, USUAL_WALK } from './shared-figures.js';

const MANUAL = 'Arm Neoverse V1 Technical Reference Manual, memory management unit';

/** Neoverse V1 (Graviton3). */
export const NEOVERSE_V1: Cpu = {
  name: 'neoverse-v1',
  title: 'Neoverse V1 (Graviton3)',
  architecture: 'arm64',
  clockGhz: figure(2.6, 'manual', 'clock of the products named in the title'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(40, 'manual', MANUAL),
      ways: figure(40, 'manual', MANUAL),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(2048, 'manual', MANUAL),
    ways: assumed(8, 'not read in the manual'),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.3, 'wider than Neoverse N1; not measured'),
  coalescing: CONTPTE,
  pmu: {
    kind: 'spe',
    sampleNs: SPE_SAMPLE_NS,
    midr: 0x411fd401,
    minInterval: figure(1024, 'manual', 'drivers/perf/arm_spe_pmu.c takes it from PMSIDR_EL1; usual value'),
    recordBytes: assumed(64, 'as measured on Neoverse N1'),
  },
  kernelTime: assumed(1.1, 'by its clock against Zen 3'),
};
