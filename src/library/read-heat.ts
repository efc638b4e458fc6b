/** Reads recordings into hot maps, as `octavo plan --perf … --heat …` does. */
import { gatherHeat } from '../cycle/gather-heat.js';
import { refuseRepeatedHeat } from '../cycle/whose-heat.js';
import type { Host } from '../host/host.js';
import { DEFAULT_HEAT_BYTES, HotMaps } from '../hotness/hot-maps.js';
import { HeatFileSource, isHeatFile } from '../sources/heat-file.js';
import { PerfFileSource } from '../sources/perf-file.js';
import { originsOf } from '../sources/source.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Heat, HeatOptions, ReadOptions, Samples } from './nouns.js';

/** A file of samples, which knows what it was made of. */
type Recording = HeatFileSource | PerfFileSource;

const NO_SIGNAL = new AbortController().signal;

/** Yields the samples of a recording in the order of the file. Throws FILE_UNREADABLE or FILE_MALFORMED. */
export async function* samplesOn(host: Host, path: string, options: ReadOptions): AsyncGenerator<Samples> {
  const { signal = NO_SIGNAL } = options;
  const source = sourceOf(host, path, options);
  for await (const reading of source.read({ host, processes: [], progress: () => undefined, signal })) {
    if (reading.kind !== 'samples') continue;
    yield { nature: reading.nature ?? source.origin.nature, batch: reading.batch };
  }
  if (signal.aborted) throw new OctavoError('STOPPED', { signal: String(signal.reason) });
}

/** Reads recordings together. Throws HEAT_REPEATED when two of them share samples. */
export async function readHeatOn(host: Host, paths: readonly string[], options: HeatOptions): Promise<Heat> {
  const { geometry = host.identity.geometry, mostBytes = DEFAULT_HEAT_BYTES, signal = NO_SIGNAL } = options;
  const sources = paths.map((path) => sourceOf(host, path, options));
  const pids = options.pids?.map((pid) => ({ pid, startTicks: 0, command: '', cgroup: '/' }));
  const maps = new HotMaps({ geometry, mostBytes, ...(pids === undefined ? {} : { processes: pids }) });
  await gatherHeat(maps, sources, { host, processes: [], progress: () => undefined, signal });
  refuseRepeatedHeat(sources);
  nameProcesses(maps, sources);
  const origins = sources.flatMap(originsOf);
  const accounts = sources.map((source) => source.account());
  const thinned = `Heat of 1 in ${maps.thinnedTo} blocks was kept, chosen at random, to stay within mostBytes.`;
  return {
    maps: [...maps.build(origins)].sort((one, other) => one.process.pid - other.process.pid),
    origins,
    losses: summed(accounts.map(({ losses }) => losses)),
    notes: [...accounts.flatMap(({ notes }) => notes), ...(maps.thinnedTo > 1 ? [thinned] : [])],
  };
}

function sourceOf(host: Host, path: string, options: ReadOptions): Recording {
  const { geometry = host.identity.geometry, pids, event } = options;
  if (!isHeat(host, path)) {
    return new PerfFileSource({
      path,
      geometry,
      ...(pids === undefined ? {} : { pids: new Set(pids) }),
      ...(event === undefined ? {} : { event }),
    });
  }
  const source = HeatFileSource.open(host.files, path);
  if (source.geometry.pageBytes === geometry.pageBytes && source.geometry.blockBytes === geometry.blockBytes)
    return source;
  const problem = `was recorded with ${source.geometry.pageBytes} byte pages and blocks of ${source.geometry.blockBytes}`;
  throw new OctavoError('FILE_MALFORMED', { path, problem, place: 'its page geometry' });
}

/** Directories of `perf record --threads` and pipes are no heat files. */
function isHeat({ files }: Host, path: string): boolean {
  const status = files.status(path);
  return status.ok && status.value.kind === 'file' && isHeatFile(files, path);
}

function nameProcesses(maps: HotMaps, sources: readonly Recording[]): void {
  const named = sources.flatMap((source) => source.provenance().processes);
  const known = new Map(named.map((process) => [process.pid, process]));
  for (const process of maps.processes) {
    const found = known.get(process.pid);
    if (found === undefined) continue;
    maps.name({ ...process, command: found.command, startTicks: found.startTicks ?? 0 });
  }
}

function summed(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [reason, count] of all.flatMap((one) => Object.entries(one)))
    sums[reason] = (sums[reason] ?? 0) + count;
  return sums;
}
