/**
 * The model kernel as a host: the same files and calls as Linux, so that sources, actuators and verification run on
 * it unchanged. Ordinary files live in memory. Waiting runs the model forward; calls take the time that they cost.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import type { Clock, Host, Identity } from '../../host/host.js';
import type { Milliseconds, Nanoseconds } from '../../vocabulary/units.js';
import { access } from '../kernel/access/access.js';
import { spawn } from '../kernel/address-space/processes.js';
import { mountFiles } from '../kernel/files/mount-files.js';
import type { Viewer } from '../kernel/files/viewer.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { VM } from '../kernel/state/mm.js';
import type { Process } from '../kernel/state/process.js';
import { ModelCalls } from './model-calls.js';
import { MemoryFiles, ModelFiles } from './model-files.js';

/** Who Octavo is in the model, and how its time runs. */
export interface ModelHostOptions {
  /** Who Octavo is in the model; root when left out. */
  readonly userId?: number;
  /** Capabilities kept although the user is not root, or root's when left out. */
  readonly capabilities?: readonly ('CAP_SYS_ADMIN' | 'CAP_SYS_PTRACE' | 'CAP_SYS_NICE')[];
  readonly stateDirectory?: string;
  /** Ordinary files, to be shared between hosts on one model. */
  readonly memory?: MemoryFiles;
}

/** A host with the kernel behind it, for tests and simulations that look inside. */
export interface ModelHost extends Host {
  readonly kernel: Kernel;
  readonly memory: MemoryFiles;
}

const ALL = ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', 'CAP_SYS_NICE'] as const;

/** Opens a model as a host. Adds a process of Octavo's own to it and mounts its files. */
export function modelHost(kernel: Kernel, options: ModelHostOptions = {}): ModelHost {
  const userId = options.userId ?? 0;
  const capabilities: readonly string[] = options.capabilities ?? (userId === 0 ? ALL : []);
  const own = ownProcess(kernel, userId);
  const viewer: Viewer = {
    userId,
    isRoot: userId === 0,
    seesFrames: capabilities.includes('CAP_SYS_ADMIN'),
    mayTrace: capabilities.includes('CAP_SYS_PTRACE'),
  };
  const bootId = bootIdOf(kernel);
  mountFiles(kernel, own.pid, bootId, viewer);
  const memory = options.memory ?? new MemoryFiles();
  const caller = {
    mm: own.memory.id,
    userId,
    mayNice: capabilities.includes('CAP_SYS_NICE'),
    mayTrace: viewer.mayTrace,
  };
  return {
    kernel,
    memory,
    files: new ModelFiles(kernel, viewer, memory),
    calls: new ModelCalls(kernel, caller, own),
    clock: new ModelClock(kernel),
    random: new SeededRandom(kernel.options.seed ^ 0x6f637461),
    identity: identity(kernel, own.pid, userId, bootId, options.stateDirectory ?? '/var/lib/octavo'),
  };
}

/** Octavo's process, made at the first opening and found again after a snapshot was resumed. */
function ownProcess(kernel: Kernel, userId: number): Process {
  const found = kernel.processes.get(kernel.ownPid);
  if (found !== undefined && found.userId === userId) return found;
  const own = spawn(kernel, { command: 'octavo', commandLine: ['octavo'], userId });
  kernel.ownPid = own.pid;
  for (const vma of own.memory.vmas) {
    // A running program has touched its text, data, heap and stack.
    if ((vma.flags & VM.special) === 0) access(kernel, own.memory, vma.end - 1, (vma.flags & VM.write) !== 0);
  }
  return own;
}

function identity(
  kernel: Kernel,
  pid: number,
  userId: number,
  bootId: string,
  stateDirectory: string,
): Identity {
  return Object.freeze({
    kind: 'model',
    architecture: kernel.options.architecture,
    geometry: kernel.geometry,
    pid,
    userId,
    isPrivileged: userId === 0,
    bootId,
    stateDirectory,
  });
}

/** The same model has the same boot id: a UUID made of its seed and size. */
export function bootIdOf(kernel: Kernel): string {
  const random = new SeededRandom(kernel.options.seed ^ kernel.frames.count);
  const hex = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

class ModelClock implements Clock {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  monotonicNs(): Nanoseconds {
    this.#kernel.clock.settle();
    return this.#kernel.clock.now;
  }

  wallMs(): Milliseconds {
    return this.#kernel.bootedAtMs + Math.floor(this.#kernel.clock.now / 1e6);
  }

  /** Runs the model forward by that much. An aborted signal ends the wait before it begins. */
  async sleep(duration: Milliseconds, signal?: AbortSignal): Promise<void> {
    this.#kernel.clock.settle();
    if (!signal?.aborted) this.#kernel.clock.advance(Math.max(0, duration) * 1e6);
  }
}
