/**
 * What samples are samples of. An address in a recording proves that memory was touched; what the absence of one proves
 * depends on which accesses the event could see. One row for each nature: its bias, and what may be concluded from it.
 * src/formats/perf-data/event-natures.ts says which event of perf has which nature.
 */

/** Name of a nature. */
export type SampleNature =
  | 'all-accesses'
  | 'some-accesses'
  | 'loads'
  | 'stores'
  | 'slow-accesses'
  | 'tlb-misses'
  | 'page-bits'
  | 'access-bits'
  | 'first-touches'
  | 'content'
  | 'presence'
  | 'unknown'
  | 'nothing';

/**
 * sparse: most of a block's pages are hardly accessed. dense: most of its pages are accessed. rank: which blocks are
 * accessed more than others.
 */
export type Conclusion = 'sparse' | 'dense' | 'rank';

/** What may be concluded from samples of a nature. */
export interface NatureFacts {
  /** What its samples speak of, after "samples of". */
  readonly says: string;
  readonly bias: string;
  /** Why a conclusion may not be drawn; absent where it may. */
  readonly forbids: Readonly<Partial<Record<Conclusion, string>>>;
}

const UNSEEN_STORES = 'a page may be written without being read';
const UNSEEN_OTHERS = 'other CPUs or threads may access the pages that do not show';
const UNSEEN_LOADS = 'a page may be read without being written';
const UNSEEN_FAST = 'pages that are accessed all the time from the caches do not show';
const UNSEEN_HITS = 'the hottest pages stay in the TLB and do not show';
const NOT_HEAT = 'they tell who touched a page first, or after it was taken away, not what is accessed since';
const NO_ACCESSES = 'the event is no sample of memory accesses';
const NOT_TOLD = 'it is not known which accesses the event samples';
const BLOCKS_ONLY = 'a huge page has one accessed bit for all of its sub-pages';
const NO_HEAT = 'it says nothing of accesses';

/** In the order in which they are preferred: the first that a recording has is used. */
export const NATURES: Readonly<Record<SampleNature, NatureFacts>> = {
  'all-accesses': {
    says: 'all loads and stores',
    bias: 'none but that of the sampling hardware',
    forbids: {},
  },
  'some-accesses': {
    says: 'loads and stores on some CPUs or of some threads',
    bias: 'what other CPUs or threads access does not show',
    forbids: { sparse: UNSEEN_OTHERS },
  },
  loads: {
    says: 'all loads',
    bias: 'memory that is only written does not show',
    forbids: { sparse: UNSEEN_STORES },
  },
  stores: {
    says: 'all stores',
    bias: 'memory that is only read does not show',
    forbids: { sparse: UNSEEN_LOADS },
  },
  'slow-accesses': {
    says: 'slow accesses',
    bias: 'the better memory is cached, the less it shows',
    forbids: { sparse: UNSEEN_FAST },
  },
  'tlb-misses': {
    says: 'accesses that missed the TLB',
    bias: 'memory whose translations stay in the TLB does not show; huge pages show less than small ones',
    forbids: { sparse: UNSEEN_HITS },
  },
  'page-bits': {
    says: 'accessed bits of pages',
    bias: 'a page that stays in the TLB may not show',
    forbids: {},
  },
  'access-bits': {
    says: 'accessed bits of regions',
    bias: 'a region is as hot as one page of it that was looked at; accesses through the TLB do not show',
    forbids: { sparse: BLOCKS_ONLY, dense: BLOCKS_ONLY },
  },
  'first-touches': {
    says: 'page faults',
    bias: 'each page shows once, however often it is accessed',
    forbids: { sparse: NOT_HEAT, dense: NOT_HEAT, rank: NOT_HEAT },
  },
  content: { says: 'content', bias: '', forbids: { sparse: NO_HEAT, dense: NO_HEAT, rank: NO_HEAT } },
  presence: { says: 'presence', bias: '', forbids: { sparse: NO_HEAT, dense: NO_HEAT, rank: NO_HEAT } },
  unknown: {
    says: 'an event that is not known',
    bias: 'not known',
    forbids: { sparse: NOT_TOLD, dense: NOT_TOLD, rank: NOT_TOLD },
  },
  nothing: {
    says: 'something else than accesses',
    bias: 'where it has addresses, they are of whatever happened at that moment',
    forbids: { sparse: NO_ACCESSES, dense: NO_ACCESSES, rank: NO_ACCESSES },
  },
};

/** Names of all natures. */
export const NATURE_NAMES = Object.keys(NATURES) as readonly SampleNature[];

/** Why `conclusion` may not be drawn from samples of a nature; empty when it may. */
export function obstacle(nature: SampleNature, conclusion: Conclusion): string {
  return NATURES[nature].forbids[conclusion] ?? '';
}

/** The nature that is preferred of some; undefined of none. */
export function bestNature(natures: Iterable<SampleNature>): SampleNature | undefined {
  const present = new Set(natures);
  return NATURE_NAMES.find((nature) => present.has(nature));
}
