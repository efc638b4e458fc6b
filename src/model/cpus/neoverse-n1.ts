import { assumed, type Cpu, figure } from './cpu.js';
import { CONTPTE, SECOND_HIT_CYCLES, SPE_SAMPLE_NS, USUAL_WALK } from './shared-figures.js';

const MANUAL = 'Arm Neoverse N1 Technical Reference Manual, memory management unit';

/** Neoverse N1 (Ampere Altra, Graviton2). */
export const NEOVERSE_N1: Cpu = {
  name: 'neoverse-n1',
  title: 'Neoverse N1 (Ampere Altra, Graviton2)',
  architecture: 'arm64',
  clockGhz: figure(3.0, 'manual', 'clock of the products named in the title'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(48, 'manual', MANUAL),
      ways: figure(48, 'manual', MANUAL),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(1280, 'manual', MANUAL),
    ways: figure(5, 'manual', MANUAL),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.25, 'two walks at a time; not measured'),
  coalescing: CONTPTE,
  pmu: {
    kind: 'spe',
    sampleNs: SPE_SAMPLE_NS,
    midr: 0x413fd0c1,
    minInterval: figure(1024, 'manual', 'drivers/perf/arm_spe_pmu.c takes it from PMSIDR_EL1; usual value'),
    recordBytes: figure(64, 'measured', 'real dumps have records at 0x00, 0x40, 0x80'),
  },
  kernelTime: assumed(1.2, 'by its width against Zen 3'),
};
