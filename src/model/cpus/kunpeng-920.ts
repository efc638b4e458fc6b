import { assumed, type Cpu, figure } from './cpu.js';
import { CONTPTE, SECOND_HIT_CYCLES, SPE_SAMPLE_NS, USUAL_WALK } from './shared-figures.js';

const AUTHOR =
  'measured by the author of the DAMON split/collapse series; another review reports 32 and 1024';

/** HiSilicon TaiShan v110. */
export const KUNPENG_920: Cpu = {
  name: 'kunpeng-920',
  title: 'Kunpeng 920 (TaiShan v110)',
  architecture: 'arm64',
  clockGhz: figure(2.6, 'manual', 'Kunpeng 920 product pages: 2.6 GHz'),
  first: [
    {
      holds: ['base', 'run', 'huge'],
      entries: figure(48, 'measured', AUTHOR),
      ways: assumed(48, 'fully associative, as the first level of the Arm cores of its time'),
    },
  ],
  second: {
    holds: ['base', 'run', 'huge'],
    entries: figure(2048, 'measured', AUTHOR),
    ways: assumed(8, 'not published'),
  },
  secondHitCycles: SECOND_HIT_CYCLES,
  walk: USUAL_WALK,
  walkOverlap: assumed(0.2, 'one walker and a small window; not measured'),
  coalescing: CONTPTE,
  pmu: {
    kind: 'spe',
    sampleNs: SPE_SAMPLE_NS,
    midr: 0x481fd010,
    minInterval: figure(1024, 'manual', 'drivers/perf/arm_spe_pmu.c takes it from PMSIDR_EL1; usual value'),
    recordBytes: assumed(64, 'as on the Arm cores'),
  },
  kernelTime: assumed(1.4, 'by its clock and width against Zen 3'),
};
