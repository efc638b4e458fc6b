/** The catalogues of scenarios, workloads and CPUs, in tables. */
import { type Cpu, entriesOf, reachBytes, runPages } from '../../model/cpus/cpu.js';
import { showDuration } from '../../vocabulary/show.js';
import { KIB, MIB } from '../../vocabulary/units.js';
import { table } from './table.js';
import { plural, showBytes } from './units.js';

interface Listed {
  readonly name: string;
  readonly about: string;
  readonly cpu: string;
  readonly durationMs: number;
}

/** Returns the catalogues of scenarios, workloads and CPUs. */
export function showList(
  scenarios: readonly Listed[],
  workloads: readonly { readonly name: string; readonly brief: string }[],
  cpus: readonly Cpu[],
): string {
  return [
    plural(scenarios.length, 'ready scenario'),
    table(
      ['name', 'what it shows', 'CPU', 'virtual time'],
      scenarios.map(({ name, about, cpu, durationMs }) => [name, about, cpu, showDuration(durationMs)]),
      [3],
    ),
    '',
    'Workloads',
    table(
      ['name', 'what it does'],
      workloads.map(({ name, brief }) => [name, brief]),
    ),
    '',
    'CPUs (reach of the second-level TLB; every figure and its source: src/model/cpus)',
    table(
      ['name', 'title', 'entries', '4K reach', '2M reach', 'merges'],
      cpus.map((cpu) => [
        cpu.name,
        cpu.title,
        String(entriesOf(cpu.second, 'base')),
        showBytes(reachBytes(cpu, 'base', 4 * KIB, 2 * MIB)),
        showBytes(reachBytes(cpu, 'huge', 4 * KIB, 2 * MIB)),
        cpu.coalescing === undefined
          ? '–'
          : `${runPages(cpu)} pages (${cpu.coalescing.by === 'physical' ? 'hardware' : 'contiguous bit'})`,
      ]),
      [2, 3, 4],
    ),
  ].join('\n');
}
