/** A booted model kernel with DAMON, driven through its files like a machine. */
import assert from 'node:assert/strict';
import { access } from '../../src/model/kernel/access/access.js';
import { createInode, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import { violations } from '../../src/model/kernel/checks/invariants.js';
import type { GenerationName } from '../../src/model/kernel/damon/core/generations.js';
import type { DamonEvent } from '../../src/model/kernel/damon/core/trace.js';
import { installDamon, KDAMONDS_PATH } from '../../src/model/kernel/damon/on-model/model-damon.js';
import type { DamonSystem } from '../../src/model/kernel/damon/sysfs/damon-system.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';
import { VM } from '../../src/model/kernel/state/mm.js';
import type { KernelOptions } from '../../src/model/kernel/state/options.js';

export const BLOCK = 512;
export const PAGE = 4096;

export interface Area {
  readonly pid: number;
  readonly mm: Mm;
  /** First page. */
  readonly start: number;
  readonly pages: number;
}

export class ModelBench {
  readonly kernel: Kernel;
  readonly damon: DamonSystem;
  readonly events: DamonEvent[] = [];

  constructor(generation: GenerationName = '7.3-rfc', options: Partial<KernelOptions> = {}) {
    this.kernel = boot({ memoryBytes: 2 ** 30, ...options });
    this.damon = installDamon(this.kernel, {
      generation,
      trace: { isEnabled: () => true, record: (event) => this.events.push(event) },
    });
  }

  /** A process with one aligned mapping, anonymous or of a tmpfs file with huge=always. */
  area(blocks: number, kind: 'anon' | 'tmpfs' = 'anon'): Area {
    const process = spawn(this.kernel, { command: 'workload' });
    const mm = process.mm as Mm;
    const pages = blocks * BLOCK;
    const start = 0x7f0000000000 / PAGE;
    const file = kind === 'tmpfs' ? { inode: createInode(this.kernel, '/mnt/f', pages, 'always') } : {};
    const flags = VM.read | VM.write | (kind === 'tmpfs' ? VM.shared : 0);
    const at = mmap(this.kernel, mm, { pages, at: start, flags, ...file });
    assert.equal(typeof at, 'number', String(at));
    return { pid: process.pid, mm, start: at as number, pages };
  }

  touch({ mm, start, pages }: Area, stride = 1, write = true): void {
    for (let page = start; page < start + pages; page += stride) access(this.kernel, mm, page, write);
  }

  write(path: string, text: string | number): string | undefined {
    const node = this.kernel.files.find(`${KDAMONDS_PATH}/${path}`);
    if (typeof node === 'string') return node;
    assert.equal(node.kind, 'file', path);
    return node.kind === 'file' ? node.write?.(String(text)) : 'EISDIR';
  }

  set(below: string, values: Record<string, string | number>): void {
    for (const [name, value] of Object.entries(values)) {
      assert.equal(this.write(`${below}/${name}`, value), undefined, `${below}/${name} = ${value}`);
    }
  }

  read(path: string): string {
    const node = this.kernel.files.find(`${KDAMONDS_PATH}/${path}`);
    assert.ok(typeof node !== 'string' && node.kind === 'file', path);
    const content = node.read?.();
    assert.equal(typeof content, 'string', `${path}: ${JSON.stringify(content)}`);
    return (content as string).trimEnd();
  }

  number(path: string): number {
    return Number(this.read(path));
  }

  advance(ms: number): void {
    this.kernel.clock.advance(ms * 1e6);
  }

  /** One kdamond with one scheme that matches everything, on a process. Answers the scheme's path. */
  scheme(pid: number, action: string, operations = 'vaddr'): string {
    this.write('nr_kdamonds', 1);
    this.write('0/contexts/nr_contexts', 1);
    const context = '0/contexts/0';
    this.set(context, { operations, 'targets/nr_targets': 1, 'targets/0/pid_target': pid });
    this.set(`${context}/schemes`, { nr_schemes: 1, '0/action': action });
    const scheme = `${context}/schemes/0`;
    this.set(`${scheme}/access_pattern`, {
      'sz/max': '18446744073709551615',
      'nr_accesses/max': '4294967295',
      'age/max': '4294967295',
    });
    return scheme;
  }

  /** Restricts a scheme to blocks [from, to) of an area by one address filter. */
  only(scheme: string, area: Area, from: number, to: number): void {
    this.set(`${scheme}/core_filters`, {
      nr_filters: 1,
      '0/type': 'addr',
      '0/matching': 'Y',
      '0/allow': 'Y',
      '0/addr_start': (area.start + from * BLOCK) * PAGE,
      '0/addr_end': (area.start + to * BLOCK) * PAGE,
    });
  }

  /** Cumulative statistics, updated first. */
  statistics(scheme: string): Record<string, number> {
    assert.equal(this.write('0/state', 'update_schemes_stats'), undefined);
    const names = ['nr_tried', 'sz_tried', 'nr_applied', 'sz_applied', 'nr_snapshots'];
    return Object.fromEntries(names.map((name) => [name, this.number(`${scheme}/stats/${name}`)]));
  }

  /** Number of anonymous folios of an order. */
  anonymous(order: number): number {
    return this.kernel.counters.byOrder.nr_anon[order];
  }

  check(): void {
    assert.deepEqual(violations(this.kernel), []);
  }
}
