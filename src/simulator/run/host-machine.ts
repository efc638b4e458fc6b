/** A host as a scenario describes it: the model kernel, one TLB a CPU, an optional PMU, and who runs on it. */

import { CPUS } from '../../model/cpus/catalogue.js';
import type { Cpu } from '../../model/cpus/cpu.js';
import { DEFAULT_PMU, Pmu } from '../../model/hardware/pmu.js';
import { Tlb, windowsFor } from '../../model/hardware/tlb.js';
import { addCounters, type TlbCounters } from '../../model/hardware/tlb-counters.js';
import type { Windows } from '../../model/hardware/windows.js';
import { type ModelHost, modelHost } from '../../model/host/model-host.js';
import { boot } from '../../model/kernel/boot.js';
import { GENERATIONS, type GenerationName } from '../../model/kernel/damon/core/generations.js';
import { installDamon } from '../../model/kernel/damon/on-model/model-damon.js';
import type { DamonSystem } from '../../model/kernel/damon/sysfs/damon-system.js';
import { DEFAULT_COSTS, scaledCosts } from '../../model/kernel/state/costs.js';
import type { Kernel } from '../../model/kernel/state/kernel.js';
import { RELEASES, type Release } from '../../model/kernel/state/options.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Bytes } from '../../vocabulary/units.js';
import { hostGeometry, type Scenario } from '../scenario/scenario.js';
import { THP_ROOT } from '../scenario/thp-text.js';
import { DamonObserver } from './damon-observer.js';

/** A host that can be run forward. */
export interface Machine {
  readonly scenario: Scenario;
  readonly seed: number;
  readonly kernel: Kernel;
  readonly damon: DamonSystem;
  /** What the kdamonds traced. */
  readonly observed: DamonObserver;
  /** The model as a host: its files and calls, and Octavo's own process. */
  readonly host: ModelHost;
  readonly cpu: Cpu;
  readonly windows: Windows;
  readonly tlbs: readonly Tlb[];
  readonly pmu: Pmu | undefined;
}

/** The memory management of a generation. */
export function releaseOf(kernel: GenerationName): Release {
  return GENERATIONS[kernel].release;
}

/** Boots the host of a scenario with DAMON, TLBs and PMU. */
export function makeMachine(scenario: Scenario, seed: number): Machine {
  const { host } = scenario;
  const cpu = CPUS[host.cpu];
  const kernel = boot({
    memoryBytes: host.memory,
    swapBytes: host.swap,
    zswapBytes: host.zswap,
    geometry: hostGeometry(host),
    architecture: cpu.architecture,
    seed,
    cpus: host.cpus,
    costs: scaledCosts(DEFAULT_COSTS, cpu.kernelTime.value),
    fragmentation: host.fragmentation,
    lockdown: host.lockdown,
    features: RELEASES[releaseOf(host.kernel)],
  });
  const windows = windowsFor(cpu, kernel.geometry);
  const tlbs = Array.from({ length: host.cpus }, () => new Tlb(cpu, windows));
  kernel.flushes.listen((mmId, start, end) =>
    windows.forget(mmId, start, end, (from, to) => {
      for (const tlb of tlbs) tlb.invalidate(from, to);
    }),
  );
  const observed = new DamonObserver(kernel.clock);
  const damon = installDamon(kernel, { generation: host.kernel, trace: observed });
  const model = modelHost(kernel);
  const machine = {
    scenario,
    seed,
    kernel,
    damon,
    observed,
    host: model,
    cpu,
    windows,
    tlbs,
    pmu: makePmu(scenario, cpu, seed),
  };
  for (const [name, value] of Object.entries(host.thp)) writeFile(model, THP_ROOT + name, `${value}`);
  return machine;
}

function makePmu(scenario: Scenario, cpu: Cpu, seed: number): Pmu | undefined {
  if (scenario.pmu === undefined) return undefined;
  return new Pmu({ ...DEFAULT_PMU, ...scenario.pmu, kind: cpu.pmu.kind }, cpu.clockGhz.value, seed ^ 0x5057);
}

/** Writes a file of the model's kernel; a scenario that names none, or is refused, is wrong. */
export function writeFile(host: ModelHost, path: string, text: string): void {
  const written = host.files.writeKernelFile(path, text);
  if (written.ok) return;
  throw new OctavoError('SCENARIO_FAILED', {
    time: `${(host.kernel.clock.now / 1e9).toFixed(3)} s`,
    problem: `writing ${JSON.stringify(text)} to ${path} fails with ${written.error.errno}`,
  });
}

/** Returns the counters of all CPUs, added up. */
export function tlbCounters(machine: Machine): TlbCounters {
  return machine.tlbs.map((tlb) => tlb.counters).reduce(addCounters);
}

/** Bytes in use: everything but what the buddy lists hold. */
export function usedBytes(machine: Machine): Bytes {
  const { frames, geometry } = machine.kernel;
  return (frames.count - frames.freeFrames) * geometry.pageBytes;
}
