/** Brings what sources read into hot maps. */
import type { HotMaps } from '../hotness/hot-maps.js';
import type { Source, SourceContext } from '../sources/source.js';
import { throwIfStopped } from '../vocabulary/stopping.js';

/** What sources read with, but for the words of progress, which name the source. */
export interface GatherContext extends Omit<SourceContext, 'progress'> {
  progress(what: string, done: number, total: number, unit: string): void;
}

/** Reads every source to its end into `maps`. Throws STOPPED when the signal came: a part must not look like the whole. */
export async function gatherHeat(
  maps: HotMaps,
  sources: readonly Source[],
  { progress, ...context }: GatherContext,
): Promise<void> {
  for (const source of sources) {
    const told = (done: number, total: number, unit: string) =>
      progress(`reading ${source.name}`, done, total, unit);
    for await (const reading of source.read({ ...context, progress: told })) {
      if (reading.kind === 'samples') maps.addSamples(reading.batch, reading.nature ?? source.origin.nature);
      else if (reading.kind === 'replaced') maps.forget(reading.pid);
      else if (reading.kind === 'content')
        maps.addContent(reading.content.pid, reading.content.block, reading.content.filled);
      else maps.addBlocks(reading.range.pid, reading.range.firstBlock, reading.range.blocks);
    }
    throwIfStopped(context.signal);
  }
  for (const source of sources) {
    const renamed = source.settled?.();
    if (renamed !== undefined) maps.relabel(renamed.from, renamed.to);
  }
}
