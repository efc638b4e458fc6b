/**
 * What the same accesses would cost if all memory were base pages, or all were huge: the two rulers against which
 * a run is measured. The workload's stream is made again from its seed and translated without a kernel.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import { CPUS } from '../../model/cpus/catalogue.js';
import { waitedShare } from '../../model/cpus/cpu.js';
import { FlatSpace } from '../../model/hardware/flat-space.js';
import { BATCH, Tlb, windowsFor } from '../../model/hardware/tlb.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import { hostGeometry, type Scenario } from '../scenario/scenario.js';
import type { Reads } from '../workloads/workload.js';
import { makeWorkload, streamSeed } from './running-process.js';

/** Which pages everything is on. */
export type BaselineKind = 'base' | 'huge';

/** A process of a scenario, and the page size of the ruler. */
export interface BaselineRequest {
  readonly scenario: Scenario;
  readonly seed: number;
  /** Index of the process in the scenario. */
  readonly process: number;
  readonly kind: BaselineKind;
  /** Accesses before measuring, and measured. */
  readonly warmUp: number;
  readonly accesses: number;
  /** Mean time of an access in the run, for workloads that change with time. */
  readonly nsPerAccess: Nanoseconds;
}

/** Mean time of one access in nanoseconds, think time included, faults not. */
export function baselineNs(request: BaselineRequest, reads: Reads): Nanoseconds {
  const about = request.scenario.processes[request.process];
  const cpu = CPUS[request.scenario.host.cpu];
  const geometry = hostGeometry(request.scenario.host);
  const workload = makeWorkload(about, {
    random: new SeededRandom(streamSeed(request.seed, request.process * 64)),
    geometry,
    memory: { release: () => undefined },
    ...reads,
  });
  const windows = windowsFor(cpu, geometry);
  const window = windows.open(
    new FlatSpace(workload.pages, request.kind, geometry),
    0,
    workload.pages,
    workload.guest,
  );
  const tlb = new Tlb(cpu, windows);
  const batch = new Uint32Array(BATCH);
  let made = 0;
  let cyclesBefore = 0;
  let counted = 0;
  let idle = 0;
  while (counted < request.accesses && idle < 1000) {
    const now = made * request.nsPerAccess + idle * 1e6;
    const count = workload.next(batch, BATCH, now);
    if (count === 0) idle++;
    tlb.access(window, batch, count);
    made += count;
    if (made <= request.warmUp) cyclesBefore = tlb.cycles;
    else counted += count;
  }
  const cycles = ((tlb.cycles - cyclesBefore) / Math.max(1, counted)) * waitedShare(cpu);
  return about.think + cycles / cpu.clockGhz.value;
}
