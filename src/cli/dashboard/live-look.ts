/** A look at the processes of targets for the live map: which blocks huge pages map, and what samples taught of their heat. */
import { mindDirectory } from '../../agent/life/mind.js';
import type { Beliefs } from '../../belief/beliefs.js';
import { readBeliefs } from '../../cycle/belief-file.js';
import type { JournalPlace } from '../../cycle/journal.js';
import { isThere } from '../../cycle/same-process.js';
import type { Look, SeenBlock, SeenHeat, SeenProcess } from '../../dashboard/map/live-map.js';
import { observe } from '../../verification/observe.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { MAPPING_LEVEL, type PageSizes } from '../../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { type PageNumber, type ProcessId, pageToBlock } from '../../vocabulary/units.js';
import type { OrderLooks } from './order-looks.js';

/** Processes of a look; those of which something is known come first. */
const MOST_PROCESSES = 32;

/** A process of a target. */
export interface WatchedProcess {
  readonly process: ProcessIdentity;
  readonly target: string;
}

/** A look, with what it could not see. */
export interface Looked {
  readonly look: Look;
  /** What kept it from seeing more, each once. */
  readonly troubles: readonly string[];
}

/**
 * Looks at those of the processes that live, and at those of which something is believed. `changed`: first pages of the blocks
 * that runs changed, by process.
 */
export function lookAtProcesses(
  place: JournalPlace,
  watched: readonly WatchedProcess[],
  changed: ReadonlyMap<ProcessId, ReadonlySet<PageNumber>>,
  orders: OrderLooks,
): Looked {
  const { host } = place;
  const { beliefs } = readBeliefs({ host, directory: mindDirectory(host, place.directory) });
  const troubles = new Set<string>();
  const alive = withBelieved(watched, beliefs).filter(({ process }) => isThere(host, process));
  const processes = alive.slice(0, MOST_PROCESSES).map((one): SeenProcess => {
    const { pid, command } = one.process;
    const heat = heatOf(beliefs, one.process);
    const levels = levelsOf(place, one.process, troubles, orders);
    const blocks = Array.from(changed.get(pid) ?? [], (page) => pageToBlock(page, host.identity.geometry));
    return { pid, command, target: one.target, levels, changed: blocks, heat };
  });
  orders.keep(new Set(processes.map(({ pid }) => pid)));
  if (alive.length > MOST_PROCESSES)
    troubles.add(`The map has ${MOST_PROCESSES} of ${alive.length} processes.`);
  return { look: { atMs: host.clock.wallMs(), processes }, troubles: [...troubles] };
}

/** Processes that something is believed of, besides those that are watched already. */
function withBelieved(watched: readonly WatchedProcess[], { processes }: Beliefs): readonly WatchedProcess[] {
  const pids = new Set(watched.map(({ process }) => process.pid));
  const more = processes.filter(({ process }) => !pids.has(process.pid));
  return [...watched, ...more.map(({ process }) => ({ process, target: '' }))];
}

function levelsOf(
  { host }: JournalPlace,
  process: ProcessIdentity,
  troubles: Set<string>,
  orders: OrderLooks,
): readonly SeenBlock[] | undefined {
  try {
    const { sizes, entries } = observe(host, process.pid, { depth: 'levels' });
    return orders.seen(host, process, entries, seenBlocks(sizes));
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    if (problem.code !== 'TARGET_GONE') troubles.add(`Page sizes cannot be seen: ${problem.message}`);
    return undefined;
  }
}

/** A block that several mappings share is huge in none of them. */
function seenBlocks({ blocks, mappings }: PageSizes): readonly SeenBlock[] {
  const found = new Map<number, SeenBlock>();
  for (let row = 0; row < blocks.count; row++) {
    if (blocks.present[row] === 0) continue;
    const block = blocks.block[row];
    const { name } = mappings[blocks.mapping[row]];
    found.set(block, { block, mapping: name, isHuge: blocks.level[row] === MAPPING_LEVEL.pmd });
  }
  return [...found.values()];
}

/** What is believed of a process's heat; undefined where no sample ever told of it. */
function heatOf(beliefs: Beliefs, process: ProcessIdentity): SeenHeat | undefined {
  const belief = beliefs.processes.find(
    (one) => one.process.pid === process.pid && one.process.startTicks === process.startTicks,
  );
  if (belief === undefined || belief.exposure.long <= 0) return undefined;
  const counts = new Float64Array(beliefs.geometry.pagesPerBlock);
  const rates = [...belief.counts.blocks()].flatMap((block) => {
    const found = belief.block(block, counts);
    if (found === undefined || !(found.exposure > 0)) return [];
    return [[block, counts.map((count) => count / found.exposure)] as const];
  });
  return { rates, tellsCold: belief.counts.untracked === 0 && belief.seeingShare > 0.5 };
}
