/** DAMON's tree as it is set up now: every kdamond with its context, as plain data. Reads only. */
import type { Host } from '../host/host.js';
import type {
  DamonContext,
  DamonTarget,
  DamosFilter,
  DamosGoal,
  DamosScheme,
  Span,
} from '../vocabulary/damon.js';
import { ANY_COUNT } from '../vocabulary/damon.js';
import { KDAMONDS, numberAt, numberedChildren } from './kernel-files.js';
import { readDamonUse, type SlotState } from './owner.js';
import { readStatistics, type SchemeStatistics } from './slot.js';

/** A kdamond with its context and the statistics of its schemes. */
export interface KdamondView extends SlotState {
  /** Name of the kernel thread, empty when it does not run. Names repeat; the pid does not. */
  readonly thread: string;
  readonly context: DamonContext | undefined;
  /** Of each scheme, as of the last requested update. */
  readonly statistics: readonly SchemeStatistics[];
}

/** Returns all kdamonds of the tree; `context` is undefined where none is set up. */
export async function readKdamonds(host: Host): Promise<readonly KdamondView[]> {
  const { slots } = await readDamonUse(host);
  return slots.map((slot) => {
    const folder = `${KDAMONDS}/${slot.slot}/contexts/0`;
    const reader = new FolderReader(host, folder);
    const schemes = numberedChildren(host, `${folder}/schemes`);
    return {
      ...slot,
      thread: threadName(host, slot.pid),
      context: slot.contexts > 0 ? readContext(reader) : undefined,
      statistics: schemes.map((index) => readStatistics(host, `${folder}/schemes/${index}`)),
    };
  });
}

function threadName(host: Host, pid: number): string {
  const name = host.files.readText(`/proc/${pid}/comm`);
  return name.ok ? name.value.trim() : '';
}

class FolderReader {
  readonly #host: Host;
  readonly #folder: string;

  constructor(host: Host, folder: string) {
    this.#host = host;
    this.#folder = folder;
  }

  at(name: string): FolderReader {
    return new FolderReader(this.#host, `${this.#folder}/${name}`);
  }

  children(name: string): FolderReader[] {
    return numberedChildren(this.#host, `${this.#folder}/${name}`).map((index) =>
      this.at(`${name}/${index}`),
    );
  }

  /** The number in a file; `plain` where the kernel does not have it. */
  number(name: string, plain: bigint): bigint {
    return numberAt(this.#host, `${this.#folder}/${name}`) ?? plain;
  }

  text(name: string, plain: string): string {
    const text = this.#host.files.readText(`${this.#folder}/${name}`);
    return text.ok ? text.value.replace(/\n+$/, '') : plain;
  }
}

function readContext(folder: FolderReader): DamonContext {
  const attributes = folder.at('monitoring_attrs');
  const times = attributes.at('intervals');
  return {
    operations: folder.text('operations', ''),
    addressUnit: folder.number('addr_unit', 1n),
    pause: folder.text('pause', 'N') === 'Y',
    intervals: {
      sampleUs: times.number('sample_us', 0n),
      aggregationUs: times.number('aggr_us', 0n),
      updateUs: times.number('update_us', 0n),
      goal: {
        accessBasisPoints: times.number('intervals_goal/access_bp', 0n),
        aggregations: times.number('intervals_goal/aggrs', 0n),
        minSampleUs: times.number('intervals_goal/min_sample_us', 0n),
        maxSampleUs: times.number('intervals_goal/max_sample_us', 0n),
      },
    },
    regions: { min: attributes.number('nr_regions/min', 0n), max: attributes.number('nr_regions/max', 0n) },
    targets: folder.children('targets').map(readTarget),
    schemes: folder.children('schemes').map(readScheme),
  };
}

function readTarget(folder: FolderReader): DamonTarget {
  return {
    pid: Number(folder.number('pid_target', 0n)),
    obsolete: folder.text('obsolete_target', 'N') === 'Y',
    regions: folder
      .children('regions')
      .map((region) => ({ start: region.number('start', 0n), end: region.number('end', 0n) })),
  };
}

function readScheme(folder: FolderReader): DamosScheme {
  const quotas = folder.at('quotas');
  const marks = folder.at('watermarks');
  return {
    action: folder.text('action', ''),
    targetOrder: targetOrder(folder),
    targetNid: Number(folder.number('target_nid', -1n)),
    pattern: {
      size: span(folder.at('access_pattern/sz')),
      accesses: count32(span(folder.at('access_pattern/nr_accesses'))),
      age: count32(span(folder.at('access_pattern/age'))),
    },
    applyIntervalUs: folder.number('apply_interval_us', 0n),
    quotas: {
      ms: quotas.number('ms', 0n),
      bytes: quotas.number('bytes', 0n),
      resetMs: quotas.number('reset_interval_ms', 0n),
      weights: {
        size: Number(quotas.number('weights/sz_permil', 0n)),
        accesses: Number(quotas.number('weights/nr_accesses_permil', 0n)),
        age: Number(quotas.number('weights/age_permil', 0n)),
      },
      goals: quotas.children('goals').map(readGoal),
      goalTuner: quotas.text('goal_tuner', 'consist'),
    },
    watermarks: {
      metric: marks.text('metric', 'none'),
      intervalUs: marks.number('interval_us', 0n),
      high: marks.number('high', 0n),
      mid: marks.number('mid', 0n),
      low: marks.number('low', 0n),
    },
    filters: ['core_filters', 'ops_filters', 'filters'].flatMap((name) =>
      folder.children(name).map(readFilter),
    ),
    destinations: folder.children('dests').map((each) => ({
      id: Number(each.number('id', 0n)),
      weight: Number(each.number('weight', 0n)),
    })),
    maxSnapshots: folder.number('stats/max_nr_snapshots', 0n),
  };
}

/** Only where it means something: every scheme of a kernel with orders has the file. */
function targetOrder(folder: FolderReader): number | undefined {
  const order = Number(folder.text('target_order', 'absent'));
  if (Number.isNaN(order)) return undefined;
  return order !== 0 || ['collapse', 'split'].includes(folder.text('action', '')) ? order : undefined;
}

function readGoal(folder: FolderReader): DamosGoal {
  return {
    metric: folder.text('target_metric', 'user_input'),
    target: folder.number('target_value', 0n),
    current: folder.number('current_value', 0n),
    nid: Number(folder.number('nid', 0n)),
    path: folder.text('path', ''),
  };
}

function readFilter(folder: FolderReader): DamosFilter {
  return {
    type: folder.text('type', ''),
    matching: folder.text('matching', 'Y') === 'Y',
    allow: folder.text('allow', 'N') === 'Y',
    memcgPath: folder.text('memcg_path', ''),
    address: { start: folder.number('addr_start', 0n), end: folder.number('addr_end', 0n) },
    size: [folder.number('min', 0n), folder.number('max', 0n)],
    targetIndex: Number(folder.number('damon_target_idx', 0n)),
  };
}

function span(folder: FolderReader): Span {
  return [folder.number('min', 0n), folder.number('max', 0n)];
}

/** What the kernel makes of a wider number: it keeps the low 32 bits. */
function count32([min, max]: Span): Span {
  return [min & ANY_COUNT[1], max & ANY_COUNT[1]];
}
