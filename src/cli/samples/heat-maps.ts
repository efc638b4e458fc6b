/** Hot maps of heat files, and whether two files may be compared or put together. */
import { HotMapBuilder } from '../../hotness/hot-map-builder.js';
import { HotMaps } from '../../hotness/hot-maps.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import { findRepetition, shareInWords } from '../../vocabulary/independence.js';
import { NATURES } from '../../vocabulary/nature.js';
import type { PageNumber, ProcessId } from '../../vocabulary/units.js';

/** Pages of a process up to before `end` that lie in one mapping. */
export interface NamedRun {
  readonly first: PageNumber;
  end: PageNumber;
  readonly name: string;
}

/** Hot maps of heat files by process, and the names of mappings in them. */
export interface HeatMaps {
  readonly maps: ReadonlyMap<ProcessId, HotMap>;
  /** Ascending, by process. */
  readonly names: ReadonlyMap<ProcessId, readonly NamedRun[]>;
  /** Samples in rows, of all processes. */
  readonly samples: number;
}

/** Puts files of one nature together: of files with different periods so many samples that all count alike. */
export async function mergedMaps(sources: readonly HeatFileSource[]): Promise<Merging> {
  const [{ geometry }] = sources;
  const hot = new HotMaps({ geometry });
  const names = new Map<ProcessId, NamedRun[]>();
  const commands = new Map<ProcessId, string>();
  for (const source of sources) {
    for await (const group of source.groups()) {
      for (const batch of source.rowsOf(group)) hot.addSamples(batch, source.facts.nature);
      for (let row = 0; row < group.count; row++) {
        const page = Number(group.address[row] / BigInt(geometry.pageBytes));
        addName(names, group.pid[row], page, group.mapping[row]);
        commands.set(group.pid[row], group.command[row]);
      }
    }
  }
  for (const process of hot.processes) hot.name({ ...process, command: commands.get(process.pid) ?? '' });
  for (const runs of names.values()) runs.sort((a, b) => a.first - b.first);
  return { hot, names, maps: hot.build(sources.map(({ origin }) => origin)) };
}

/** Hot maps of several files, added up, with what is needed to write them as one. */
export interface Merging {
  readonly hot: HotMaps;
  readonly names: HeatMaps['names'];
  readonly maps: readonly HotMap[];
}

/** Reads files into maps by process; `pids` leaves out the others, whose samples still count. */
export async function heatMaps(
  sources: readonly HeatFileSource[],
  pids?: ReadonlySet<ProcessId>,
): Promise<HeatMaps> {
  const builders = new Map<ProcessId, HotMapBuilder>();
  const names = new Map<ProcessId, NamedRun[]>();
  let samples = 0;
  for (const source of sources) {
    for await (const group of source.groups()) {
      for (let row = 0; row < group.count; row++) {
        samples += group.samples[row];
        const pid = group.pid[row];
        if (pids !== undefined && !pids.has(pid)) continue;
        const page = Number(group.address[row] / BigInt(source.geometry.pageBytes));
        const builder = builderOf(builders, pid, group.command[row], source);
        builder.addCount(page, group.samples[row], group.accesses[row]);
        const missed = group.samples[row] > 0 ? group.tlbMisses[row] / group.samples[row] : 0;
        builder.addTlbMisses(page, group.tlbMisses[row], group.accesses[row] * missed);
        addName(names, pid, page, group.mapping[row]);
      }
    }
  }
  for (const runs of names.values()) runs.sort((a, b) => a.first - b.first);
  const origins = sources.map(({ origin }) => origin);
  const maps = [...builders].map(([pid, builder]) => [pid, builder.build(origins)] as const);
  return { maps: new Map(maps), names, samples };
}

function builderOf(
  builders: Map<ProcessId, HotMapBuilder>,
  pid: ProcessId,
  command: string,
  { facts, geometry }: HeatFileSource,
): HotMapBuilder {
  let builder = builders.get(pid);
  if (builder === undefined) {
    const startTicks = facts.processes.find((process) => process.pid === pid)?.startTicks ?? 0;
    builder = new HotMapBuilder({ pid, startTicks, command, cgroup: '/' }, geometry);
    builders.set(pid, builder);
  }
  return builder;
}

function addName(names: Map<ProcessId, NamedRun[]>, pid: ProcessId, page: PageNumber, name: string): void {
  const runs = names.get(pid);
  const last = runs?.at(-1);
  if (runs === undefined) names.set(pid, [{ first: page, end: page + 1, name }]);
  else if (last !== undefined && last.name === name && page >= last.first) last.end = page + 1;
  else runs.push({ first: page, end: page + 1, name });
}

/** The name of the mapping of a page, and up to where it holds; empty where no row was. */
export function nameAt(
  names: HeatMaps['names'],
  pid: ProcessId,
  page: PageNumber,
): { readonly name: string; readonly end: PageNumber } {
  const runs = names.get(pid) ?? [];
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle].first <= page) low = middle + 1;
    else high = middle;
  }
  const found = runs[low - 1];
  // Runs of several files may overlap; the next one begins a name of its own.
  const next = runs[low]?.first ?? Number.POSITIVE_INFINITY;
  if (found !== undefined && page < found.end) return { name: found.name, end: Math.min(found.end, next) };
  return { name: '', end: next };
}

/** HEAT_UNLIKE or HEAT_REPEATED unless all files are of one kind of samples, one page size, and of different samples. */
export function checkAlike(paths: readonly string[], sources: readonly HeatFileSource[]): void {
  sources.forEach((second, index) => {
    sources.slice(0, index).forEach((first, earlier) => {
      const problem = difference(first, second);
      if (problem !== '')
        throw new OctavoError('HEAT_UNLIKE', { first: paths[earlier], second: paths[index], problem });
    });
  });
  const repeated = findRepetition(sources.flatMap((source) => source.provenance().recordings));
  if (repeated === undefined) return;
  throw new OctavoError('HEAT_REPEATED', {
    first: repeated.first.name,
    second: repeated.second.name,
    share: shareInWords(repeated.share),
  });
}

function difference(first: HeatFileSource, second: HeatFileSource): string {
  const { facts } = first;
  if (facts.page_bytes !== second.facts.page_bytes || facts.block_bytes !== second.facts.block_bytes)
    return 'their pages or huge pages differ in size';
  if (facts.nature !== second.facts.nature) {
    return `one has samples of ${NATURES[facts.nature].says}, the other of ${NATURES[second.facts.nature].says}`;
  }
  // Blocks are thinned out by a hash of their place: files thinned alike kept the same blocks.
  if (facts.thinned_to !== second.facts.thinned_to)
    return `1 in ${facts.thinned_to} blocks was kept in one, 1 in ${second.facts.thinned_to} in the other`;
  const known = new Map(facts.processes.map((process) => [process.pid, process]));
  for (const { pid, command, startTicks } of second.facts.processes) {
    const other = known.get(pid);
    if (other === undefined) continue;
    if (other.command !== command && other.command !== '' && command !== '')
      return `process ${pid} is ${other.command} in one, ${command} in the other`;
    if (other.startTicks !== null && startTicks !== null && other.startTicks !== startTicks)
      return `process ${pid} was started anew between them`;
  }
  return '';
}
