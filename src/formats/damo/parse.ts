/**
 * damo's parameter files (`--kdamonds`, `--schemes`; JSON or YAML, already read into a tree) as contexts. Access
 * rates in percent and ages in time are turned into the kernel's samples and aggregations by the context's intervals.
 */
import { failure, type Result, success } from '../../base/result.js';
import {
  ANY_COUNT,
  ANY_SIZE,
  type DamonContext,
  type DamonIntervals,
  type DamonTarget,
  type DamosFilter,
  type DamosQuotas,
  type DamosScheme,
  type DamosWatermarks,
  filterOf,
  NO_QUOTAS,
  type Span,
  schemeOf,
} from '../../vocabulary/damon.js';
import { LARGEST, parseCount, parseFlag, parseShare, parseSize, parseTime } from './quantities.js';
import { type FileProblem, Node, ProblemAt } from './reader.js';

/** What a file of damo sets up. */
export interface DamoFile {
  /** One context a kdamond: more are possible in the format, but in no kernel. */
  readonly contexts: readonly DamonContext[];
  /** Schemes alone, of a `--schemes` file; their percents are of the default intervals. */
  readonly schemes: readonly DamosScheme[];
  /** Fields that this parser does not know. */
  readonly ignored: readonly string[];
}

const US = 1_000n;
const MS = 1_000_000n;
const MOST_COUNT = ANY_COUNT[1];
const DEFAULT_INTERVALS: DamonIntervals = {
  sampleUs: 5_000n,
  aggregationUs: 100_000n,
  updateUs: 1_000_000n,
  goal: { accessBasisPoints: 0n, aggregations: 0n, minSampleUs: 0n, maxSampleUs: 0n },
};

/** Returns the contexts and schemes of a tree, or the first problem with its place. */
export function parseDamoFile(tree: unknown): Result<DamoFile, FileProblem> {
  const ignored: string[] = [];
  try {
    const top = new Node(Array.isArray(tree) ? { schemes: tree } : tree, '');
    const kdamonds = top.field('kdamonds');
    const alone = top.field('schemes');
    if (kdamonds.isAbsent && alone.isAbsent) top.fail('has neither `kdamonds` nor a list of schemes');
    ignored.push(...top.unknown(['kdamonds', 'schemes']));
    const contexts = kdamonds.items().flatMap((node) => kdamond(node, ignored));
    if (contexts.length === 0 && alone.isAbsent) kdamonds.fail('holds no kdamond with a context');
    const schemes = alone.items().map((node) => scheme(node, DEFAULT_INTERVALS, ignored));
    return success({ contexts, schemes, ignored });
  } catch (problem) {
    if (problem instanceof ProblemAt) return failure(problem.at);
    throw problem;
  }
}

/** A slot without a context is one that was never set up; more than one is in the format, but in no kernel. */
function kdamond(node: Node, ignored: string[]): DamonContext[] {
  ignored.push(...node.unknown(['state', 'pid', 'contexts', 'refresh_ms']));
  const contexts = node.field('contexts').items();
  if (contexts.length > 1) node.field('contexts').fail('should be one context at most');
  return contexts.map((each) => context(each, ignored));
}

const CONTEXT_FIELDS = ['ops', 'targets', 'intervals', 'nr_regions', 'schemes', 'addr_unit', 'pause'];

function context(node: Node, ignored: string[]): DamonContext {
  ignored.push(...node.unknown(CONTEXT_FIELDS));
  const times = intervals(node.field('intervals'));
  return {
    operations: node.field('ops').text('paddr'),
    addressUnit: node.field('addr_unit').quantity(parseSize, 1n),
    pause: node.field('pause').flag(parseFlag, false),
    intervals: times,
    regions: {
      min: node.field('nr_regions').field('min').quantity(parseCount, 10n),
      max: node.field('nr_regions').field('max').quantity(parseCount, 1000n),
    },
    targets: node.field('targets').items().map(target),
    schemes: node
      .field('schemes')
      .items()
      .map((each) => scheme(each, times, ignored)),
  };
}

function intervals(node: Node): DamonIntervals {
  const time = (name: string, plain: bigint) =>
    node.field(name).quantity((text) => parseTime(text, US), plain);
  const goal = node.field('intervals_goal');
  return {
    sampleUs: time('sample_us', DEFAULT_INTERVALS.sampleUs),
    aggregationUs: time('aggr_us', DEFAULT_INTERVALS.aggregationUs),
    updateUs: time('ops_update_us', DEFAULT_INTERVALS.updateUs),
    goal: {
      accessBasisPoints: goal.field('access_bp').quantity((text) => parseShare(text, 10_000), 0n),
      aggregations: goal.field('aggrs').quantity(parseCount, 0n),
      minSampleUs: goal.field('min_sample_us').quantity((text) => parseTime(text, US), 0n),
      maxSampleUs: goal.field('max_sample_us').quantity((text) => parseTime(text, US), 0n),
    },
  };
}

function target(node: Node): DamonTarget {
  return {
    pid: Number(node.field('pid').quantity(parseCount, 0n)),
    obsolete: node.field('obsolete').flag(parseFlag, false),
    regions: node
      .field('regions')
      .items()
      .map((region) => ({
        start: region.field('start').quantity(parseSize, 0n),
        end: region.field('end').quantity(parseSize, 0n),
      })),
  };
}

const SCHEME_FIELDS = [
  ...['action', 'target_order', 'target_nid', 'dests', 'access_pattern', 'apply_interval_us', 'quotas'],
  ...['watermarks', 'filters', 'core_filters', 'ops_filters', 'stats', 'max_nr_snapshots', 'name'],
  ...['tried_regions', 'tried_bytes'],
];

function scheme(node: Node, times: DamonIntervals, ignored: string[]): DamosScheme {
  ignored.push(...node.unknown(SCHEME_FIELDS));
  const order = node.field('target_order');
  const nid = node.field('target_nid');
  const filters = ['filters', 'core_filters', 'ops_filters'].flatMap((name) => node.field(name).items());
  const most = node.field('stats').field('max_nr_snapshots').quantity(parseCount, 0n);
  return schemeOf(node.field('action').text('stat'), {
    targetOrder: order.isAbsent ? undefined : Number(order.quantity(parseCount, 0n)),
    targetNid: nid.isAbsent ? -1 : Number(nid.quantity(nodeNumber, -1n)),
    pattern: pattern(node.field('access_pattern'), times),
    applyIntervalUs: node.field('apply_interval_us').quantity((text) => parseTime(text, US), 0n),
    quotas: quotas(node.field('quotas')),
    watermarks: watermarks(node.field('watermarks')),
    filters: filters.map(filter),
    destinations: node
      .field('dests')
      .items()
      .map((each) => ({
        id: Number(each.field('id').quantity(parseCount, 0n)),
        weight: Number(each.field('weight').quantity(parseCount, 0n)),
      })),
    maxSnapshots: node.field('max_nr_snapshots').quantity(parseCount, most),
  });
}

/** A NUMA node, −1 for none. */
function nodeNumber(value: string | number): bigint | undefined {
  return String(value) === '-1' ? -1n : parseCount(value);
}

function pattern(node: Node, times: DamonIntervals): DamosScheme['pattern'] {
  const samples = times.sampleUs === 0n ? 1n : times.aggregationUs / times.sampleUs;
  return {
    size: span(node.field('sz_bytes'), parseSize, ANY_SIZE),
    accesses: span(node.field('nr_accesses'), (text) => accessCount(text, samples), ANY_COUNT),
    age: span(node.field('age'), (text) => ageCount(text, times.aggregationUs), ANY_COUNT),
  };
}

function span(node: Node, parse: (text: string | number) => bigint | undefined, plain: Span): Span {
  return [node.field('min').quantity(parse, plain[0]), node.field('max').quantity(parse, plain[1])];
}

/** `40 %` of the samples, `5 samples`, or a bare number of percent. */
function accessCount(value: string | number, samples: bigint): bigint | undefined {
  const counted = /^([\d,]+) samples$/.exec(String(value));
  if (counted) return bounded(parseCount(counted[1]));
  const share = parseShare(typeof value === 'number' ? `${value} %` : bare(value), 1000);
  if (share === undefined || share === LARGEST) return share === undefined ? undefined : MOST_COUNT;
  return bounded((share * samples) / 1000n);
}

/** `3 aggr_intervals`, a time, or a bare number of microseconds. */
function ageCount(value: string | number, aggregationUs: bigint): bigint | undefined {
  const counted = /^([\d,]+) aggr_intervals$/.exec(String(value));
  if (counted) return bounded(parseCount(counted[1]));
  const time = parseTime(value, US);
  if (time === undefined || time === LARGEST) return time === undefined ? undefined : MOST_COUNT;
  return bounded(aggregationUs === 0n ? time : time / aggregationUs);
}

const bare = (text: string) => (/^[\d.,]+$/.test(text) ? `${text.replaceAll(',', '')} %` : text);

/** The kernel keeps these in 32 bits and would drop what is above. */
function bounded(count: bigint | undefined): bigint | undefined {
  return count === undefined || count <= MOST_COUNT ? count : MOST_COUNT;
}

function quotas(node: Node): DamosQuotas {
  if (node.isAbsent) return NO_QUOTAS;
  const time = (name: string) => node.field(name).quantity((text) => parseTime(text, MS), 0n);
  const weight = (name: string) =>
    Number(
      node
        .field('weights')
        .field(name)
        .quantity((text) => parseShare(text, 1000), 0n),
    );
  return {
    ms: time('time_ms'),
    bytes: node.field('sz_bytes').quantity(parseSize, 0n),
    resetMs: time('reset_interval_ms'),
    weights: { size: weight('sz_permil'), accesses: weight('nr_accesses_permil'), age: weight('age_permil') },
    goalTuner: node.field('goal_tuner').text('consist'),
    goals: node.field('goals').items().map(goal),
  };
}

function goal(node: Node): DamosQuotas['goals'][number] {
  const metric = node.field('metric').text('user_input');
  const parse = (text: string | number) => {
    if (metric.endsWith('_us')) return parseTime(text, US);
    return metric.endsWith('_bp') ? parseShare(text, 10_000) : parseCount(text);
  };
  return {
    metric,
    target: node.field('target_value').quantity(parse, 0n),
    current: node.field('current_value').quantity(parseCount, 0n),
    nid: Number(node.field('nid').quantity(parseCount, 0n)),
    path: node.field('memcg_path').text(node.field('path').text('')),
  };
}

function watermarks(node: Node): DamosWatermarks {
  const permil = (name: string) => node.field(name).quantity((text) => parseShare(text, 1000), 0n);
  return {
    metric: node.field('metric').text('none'),
    intervalUs: node.field('interval_us').quantity((text) => parseTime(text, US), 0n),
    high: permil('high_permil'),
    mid: permil('mid_permil'),
    low: permil('low_permil'),
  };
}

function filter(node: Node): DamosFilter {
  const range = node.field('address_range');
  const sizes = node.field('hugepage_size').items();
  const type = node.field('filter_type');
  if (type.isAbsent) type.fail('is missing');
  return filterOf(type.text(''), {
    matching: node.field('matching').flag(parseFlag, true),
    allow: node.field('allow').flag(parseFlag, node.field('filter_pass').flag(parseFlag, false)),
    memcgPath: node.field('memcg_path').text(''),
    address: {
      start: range.field('start').quantity(parseSize, 0n),
      end: range.field('end').quantity(parseSize, 0n),
    },
    size: [sizes[0]?.quantity(parseSize, 0n) ?? 0n, sizes[1]?.quantity(parseSize, 0n) ?? 0n],
    targetIndex: Number(node.field('damon_target_idx').quantity(parseCount, 0n)),
  });
}
