/**
 * Reads whom processes belong to through the host. Costs a small file and a link for each process; the command line,
 * for which the kernel takes the process's mmap_lock, is read of virtual machines only.
 */
import type { Host } from '../host/host.js';
import { ifRecorded } from '../host/if-recorded.js';
import { belongingOf, needsWords, type ProcessFacts } from './belonging.js';
import type { KubeletPods } from './kubelet-pods.js';
import { RuntimeNames } from './runtime-names.js';
import type { Belonging } from './service-id.js';
import { monitorOf } from './virtual-machine.js';

/** A process whose service is asked for. */
export interface ServedProcess {
  readonly pid: number;
  /** /proc/PID/comm. */
  readonly command: string;
  /** Text of /proc/PID/cgroup, where it was read already. */
  readonly cgroupText?: string;
}

/** Tells services of processes, and remembers names of containers. */
export class ServiceReader {
  readonly #host: Host;
  readonly #names: RuntimeNames;

  /** `kubelet`: names of pods, where it is configured. */
  constructor(host: Host, kubelet?: KubeletPods) {
    this.#host = host;
    this.#names = new RuntimeNames(host, kubelet);
  }

  /** Whom a process belongs to, as far as this user may know; always at least its command. */
  read({ pid, command, cgroupText }: ServedProcess): Belonging {
    const cgroup = cgroupText ?? this.#read(`/proc/${pid}/cgroup`);
    const monitor = monitorOf(command) ?? monitorOf(this.#program(pid));
    const facts: ProcessFacts = { command, cgroup, monitor };
    const words = needsWords(facts) ? this.#read(`/proc/${pid}/cmdline`).split('\0') : [];
    return belongingOf({ ...facts, words }, (place) => this.#names.of(place));
  }

  #program(pid: number): string {
    const link = ifRecorded(() => this.#host.files.link(`/proc/${pid}/exe`));
    return link?.ok ? link.value : '';
  }

  #read(path: string): string {
    const text = ifRecorded(() => this.#host.files.readText(path));
    return text?.ok ? text.value : '';
  }
}
