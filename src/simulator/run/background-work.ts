/**
 * Work that the scenario does not ask for and that its CPUs do all the same: khugepaged, kswapd, kdamonds, the
 * calls and files of Octavo, and shootdowns. It is taken from the CPUs, so that the threads on them lose it.
 */
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { CpuQueues } from './cpu-queues.js';
import { type Machine, usedBytes } from './host-machine.js';
import { OverTime } from './over-time.js';

/** Translations beyond which x86 empties the whole TLB of a process (tlb_single_page_flush_ceiling). */
const X86_FLUSH_CEILING = 33;
/** Translations beyond which arm64 drops all of an address space (MAX_DVM_OPS with 4 KiB pages). */
const ARM64_FLUSH_CEILING = 512;

/** Charges work that was counted since the last look to the CPUs of the host. */
export class BackgroundWork {
  readonly #machine: Machine;
  readonly #cpus: CpuQueues;
  /** Bytes in use on the whole host, over time. */
  readonly memory: OverTime;
  /** Time that kernel threads had used when it was taken from the CPUs last. */
  #collected: Nanoseconds = 0;
  /** CPU time of Octavo: its calls, and the files that it reads. */
  octavoNs: Nanoseconds = 0;

  constructor(machine: Machine, cpus: CpuQueues) {
    this.#machine = machine;
    this.#cpus = cpus;
    const { clock, flushes } = machine.kernel;
    this.memory = new OverTime(clock.now);
    flushes.listenToShootdowns((mmId, entries) => this.#shootDown(mmId, entries));
    clock.share((duration, withinEvent) => {
      if (withinEvent) cpus.useAny(duration);
      else this.useByOctavo(duration);
    });
  }

  /** CPU time of khugepaged, kswapd, kcompactd and the kdamonds. */
  get kernelThreadsNs(): Nanoseconds {
    const { kernel, damon } = this.#machine;
    const monitors = damon.running().reduce((sum, { cpuNs }) => sum + cpuNs, 0);
    return kernel.khugepagedNs + kernel.kswapdNs + kernel.kcompactdNs + monitors;
  }

  /** Takes what kernel threads have used since the last time from a CPU. */
  collect(): void {
    const used = this.kernelThreadsNs;
    // A kdamond that ended takes its account with it.
    if (used > this.#collected) this.#cpus.useAny(used - this.#collected);
    this.#collected = used;
    this.memory.note(this.#machine.kernel.clock.now, usedBytes(this.#machine));
  }

  /** CPU time that Octavo uses. */
  useByOctavo(duration: Nanoseconds): void {
    this.octavoNs += duration;
    this.#cpus.useAny(duration);
  }

  /**
   * On x86 every CPU that runs the process is interrupted, and above the ceiling drops all that it knows of it. On
   * arm64 the broadcast interrupts no CPU.
   */
  #shootDown(mmId: number, entries: number): void {
    const { kernel, windows, tlbs } = this.#machine;
    const isX86 = kernel.options.architecture === 'x64';
    if (entries > (isX86 ? X86_FLUSH_CEILING : ARM64_FLUSH_CEILING))
      windows.eachOf(mmId, (from, to) => {
        for (const tlb of tlbs) tlb.invalidate(from, to);
      });
    const asking = kernel.holds.worker === 0 ? -1 : kernel.cpu;
    if (isX86) this.#cpus.interrupt(mmId, kernel.costs.shootdownPerCpu, asking);
  }
}
