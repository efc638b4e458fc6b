/** Model hosts with services of known content, and a survey of them. */
import assert from 'node:assert/strict';
import type { Host } from '../../src/host/host.js';
import { type ModelHost, modelHost } from '../../src/model/host/model-host.js';
import { access } from '../../src/model/kernel/access/access.js';
import { exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { boot } from '../../src/model/kernel/boot.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import type { ServiceKind } from '../../src/services/service-id.js';
import { policyTurn } from '../../src/survey/policy-turn.js';
import { type Survey, survey } from '../../src/survey/survey.js';
import { GIB, MIB } from '../../src/vocabulary/units.js';

export const DEFAULT_STATE = '/var/lib/octavo';

export interface Service {
  readonly command: string;
  readonly cgroup: string;
  readonly blocks: number;
  /** Every so many-th page of a block holds data. */
  readonly every: number;
  readonly huge?: boolean;
}

export interface Started {
  readonly pid: number;
  readonly process: Process;
  readonly base: number;
}

export class World {
  readonly host: ModelHost;
  readonly #kernel;

  constructor(memoryBytes: number) {
    this.#kernel = boot({ memoryBytes, thp: { enabled: 'madvise' } });
    this.host = modelHost(this.#kernel);
  }

  start({ command, cgroup, blocks, every, huge = true }: Service): Started {
    const memcg = ensureCgroup(this.#kernel, cgroup);
    assert.ok(typeof memcg !== 'string');
    const process = spawn(this.#kernel, { command, memcg: memcg.id, image: false });
    const mm = process.mm as Mm;
    const pages = blocks * 512;
    const base = mmap(this.#kernel, mm, { pages });
    assert.ok(typeof base === 'number');
    if (huge) adviseRange(this.#kernel, mm, base, base + pages, 'MADV_HUGEPAGE');
    for (let page = base; page < base + pages; page += every) access(this.#kernel, mm, page, true);
    return { pid: process.pid, process, base };
  }

  /** The process gives up the second half of each block, which its folio keeps. */
  unmapHalves({ process, base }: Started, blocks: number): void {
    for (let block = 0; block < blocks; block++) {
      const start = base + block * 512 + 256;
      adviseRange(this.#kernel, process.mm as Mm, start, start + 256, 'MADV_DONTNEED');
    }
  }

  end({ process }: Started): void {
    if (this.#kernel.processes.has(process.pid)) exit(this.#kernel, process);
  }

  as(userId: number | undefined): Host {
    return userId === undefined ? this.host : modelHost(this.#kernel, { userId });
  }
}

export function world({ memoryBytes = 512 * MIB } = {}): World {
  return new World(memoryBytes);
}

export interface Wanted {
  readonly by?: ServiceKind;
  readonly budgetMs?: number;
  readonly readBytes?: number;
  readonly userId?: number;
  readonly signal?: AbortSignal;
  /** What a scan of page tables takes; nothing when absent. */
  readonly scanNs?: number;
  /** Called before a text is read. */
  readonly before?: (path: string) => unknown;
}

export function surveyOf(made: World, wanted: Wanted = {}): Promise<Survey> {
  const host = slowed(watched(made.as(wanted.userId), wanted.before), wanted.scanNs ?? 0);
  const signal = wanted.signal ?? new AbortController().signal;
  const progress = () => undefined;
  const request = {
    ...{ target: 'all', scope: {}, policy: 'chain', parameters: {}, sources: [], actuators: [] },
    ...{ split: [], collapse: [], budgets: {} },
  };
  return survey({
    host,
    by: wanted.by,
    budgetMs: wanted.budgetMs ?? 10_000,
    readBytes: wanted.readBytes ?? GIB,
    judgeBlocks: policyTurn({ place: { host, directory: DEFAULT_STATE }, request, signal, progress }),
    signal,
    progress,
  });
}

function watched(host: Host, before: Wanted['before']): Host {
  if (before === undefined) return host;
  const files = new Proxy(host.files, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return member;
      return (path: string, ...rest: unknown[]) => {
        before(path);
        return member.call(target, path, ...rest);
      };
    },
  });
  return { ...host, files };
}

/** On a clock that scans move. */
function slowed(host: Host, scanNs: number): Host {
  let spent = 0;
  const { clock, calls } = host;
  return {
    ...host,
    clock: {
      monotonicNs: () => clock.monotonicNs() + spent,
      wallMs: () => clock.wallMs(),
      sleep: (duration, signal) => clock.sleep(duration, signal),
    },
    calls: {
      scanPagemap: (pid, scan) => {
        spent += scanNs;
        return calls.scanPagemap(pid, scan);
      },
      openMemory: (pid) => calls.openMemory(pid),
      probeAdvice: (advice) => calls.probeAdvice(advice),
      openProcess: (pid) => calls.openProcess(pid),
    } as Host['calls'],
  };
}
