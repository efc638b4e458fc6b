/**
 * Draws from a distribution whose weights fall from rank to rank, made for page popularities: half of all draws are
 * of a few thousand ranks, so what lies in order of rank stays in the caches of the machine that simulates.
 *
 * Ranks form groups of about equal weight, each a power of two long: single hot ranks first, then longer and longer
 * runs. Walker's alias method draws a group from a small table, and a rank of the group from a row of the large one.
 * A draw takes two random words: of the first, the high bits are the group's column and the others its threshold; of
 * the second, the high bits are the place in the group, the low 20 (or fewer, where groups are larger) its threshold.
 */
import { aliasColumns } from './alias-table.js';

/** log2 of the most groups. */
const GROUP_BITS = 12;
const GROUPS = 2 ** GROUP_BITS;
const COLUMN_BITS = 32 - GROUP_BITS;
const COLUMN_MASK = 2 ** COLUMN_BITS - 1;
const GROUP_MASK = GROUPS - 1;

interface Group {
  readonly first: number;
  /** log2 of its ranks. */
  readonly order: number;
}

/** Draws ranks from falling weights, at constant cost. */
export class RankedTable {
  readonly size: number;
  /** Of each group the threshold, shifted left by GROUP_BITS, and the other group of its column. */
  readonly columns: Int32Array;
  /** Per group: its first rank, and the right shift that turns a 31-bit word into an offset inside it. */
  readonly groups: Int32Array;
  /** Of each rank the threshold, shifted left by `placeBits`, with the other place of its row XOR its own; then its outcome. */
  readonly rows: Int32Array;
  /** log2 of the most ranks in a group. */
  readonly placeBits: number;
  #ranks = new Int32Array(0);
  /** What was read ahead: kept, so that the reads are not left out as useless. */
  #read = 0;

  /**
   * `weights` of the ranks must not rise; none may be negative and the first must be positive. `outcomes` are what is
   * drawn for each rank, the rank itself without them.
   */
  constructor(weights: Float64Array, outcomes?: Uint32Array) {
    const groups = groupsOf(weights);
    this.size = weights.length;
    this.placeBits = groups.reduce((most, { order }) => Math.max(most, order), 32 - COLUMN_BITS);
    this.columns = new Int32Array(GROUPS);
    this.groups = new Int32Array(2 * GROUPS);
    this.rows = new Int32Array(2 * weights.length);
    this.#fillColumns(groups, weights);
    for (const [index, group] of groups.entries()) {
      this.groups[2 * index] = group.first;
      this.groups[2 * index + 1] = 31 - group.order;
      this.#fillRows(group, weights);
    }
    for (let rank = 0; rank < weights.length; rank++) this.rows[2 * rank + 1] = outcomes?.[rank] ?? rank;
  }

  #fillColumns(groups: readonly Group[], weights: Float64Array): void {
    const masses = new Float64Array(GROUPS);
    for (const [index, { first, order }] of groups.entries()) {
      for (let rank = first; rank < first + 2 ** order; rank++) masses[index] += weights[rank];
    }
    aliasColumns(masses, (group, kept, alias) => {
      this.columns[group] = (threshold(kept, COLUMN_BITS) << GROUP_BITS) | alias;
    });
  }

  #fillRows({ first, order }: Group, weights: Float64Array): void {
    const bits = 32 - this.placeBits;
    const own = weights.subarray(first, first + 2 ** order);
    // A group without any weight is never drawn.
    if (own[0] === 0) return;
    aliasColumns(own, (place, kept, alias) => {
      this.rows[2 * (first + place)] = (threshold(kept, bits) << this.placeBits) | (place ^ alias);
    });
  }

  /**
   * `count` accesses into `into`: each an outcome shifted left by one, plus 1 for a store, from two random words in
   * `words`; a store when the low ten bits of the second are below `stores`.
   */
  drawAll(words: Uint32Array, count: number, stores: number, into: Uint32Array): void {
    if (this.#ranks.length < count) this.#ranks = new Int32Array(count);
    const ranks = this.#ranks;
    this.#drawRanks(words, count, ranks);
    this.#read ^= readAhead(this.rows, ranks, count);
    this.#choose(words, count, ranks, stores, into);
  }

  /** The rank whose row each draw looks into. */
  #drawRanks(words: Uint32Array, count: number, into: Int32Array): void {
    const { columns, groups } = this;
    let i = 0;
    for (; i < count - 1; i += 2) {
      into[i] = rankOf(columns, groups, words[2 * i], words[2 * i + 1]);
      into[i + 1] = rankOf(columns, groups, words[2 * i + 2], words[2 * i + 3]);
    }
    if (i < count) into[i] = rankOf(columns, groups, words[2 * i], words[2 * i + 1]);
  }

  #choose(words: Uint32Array, count: number, ranks: Int32Array, stores: number, into: Uint32Array): void {
    const rows = this.rows;
    const placeBits = this.placeBits | 0;
    const limit = stores | 0;
    let i = 0;
    for (; i < count - 1; i += 2) {
      into[i] = accessOf(rows, placeBits, ranks[i], words[2 * i + 1], limit);
      into[i + 1] = accessOf(rows, placeBits, ranks[i + 1], words[2 * i + 3], limit);
    }
    if (i < count) into[i] = accessOf(rows, placeBits, ranks[i], words[2 * i + 1], limit);
  }

  /** Exact probability of each rank, as the tables draw it: for checks. */
  probabilities(): Float64Array {
    const shares = new Float64Array(this.size);
    for (let column = 0; column < GROUPS; column++) {
      const kept = (this.columns[column] >>> GROUP_BITS) / 2 ** COLUMN_BITS;
      this.#addGroup(shares, column, kept / GROUPS);
      this.#addGroup(shares, this.columns[column] & GROUP_MASK, (1 - kept) / GROUPS);
    }
    return shares;
  }

  #addGroup(shares: Float64Array, group: number, share: number): void {
    if (share === 0) return;
    const first = this.groups[2 * group];
    const ranks = 2 ** (31 - this.groups[2 * group + 1]);
    for (let place = 0; place < ranks; place++) {
      const row = this.rows[2 * (first + place)];
      const kept = (row >>> this.placeBits) / 2 ** (32 - this.placeBits);
      const other = place ^ (row & (2 ** this.placeBits - 1));
      shares[first + place] += (share * kept) / ranks;
      shares[first + other] += (share * (1 - kept)) / ranks;
    }
  }
}

function threshold(share: number, bits: number): number {
  return Math.min(2 ** bits - 1, Math.round(share * 2 ** bits));
}

/** Groups of at most the same weight, as small as it can be for all ranks to fit into GROUPS of them. */
function groupsOf(weights: Float64Array): Group[] {
  let sum = 0;
  for (const weight of weights) sum += weight;
  for (let most = sum / GROUPS; ; most *= 1.125) {
    const groups = cut(weights, most);
    if (groups.length <= GROUPS) return groups;
  }
}

function cut(weights: Float64Array, most: number): Group[] {
  const groups: Group[] = [];
  let first = 0;
  while (first < weights.length && groups.length <= GROUPS) {
    let order = 0;
    // No longer than the ranks before it: weights within a group then stay alike, whatever the skew.
    const room = Math.min(weights.length - first, first + 1);
    while (2 ** (order + 1) <= room && weights[first] * 2 ** (order + 1) <= most) order++;
    groups.push({ first, order });
    first += 2 ** order;
  }
  return groups;
}

function rankOf(columns: Int32Array, groups: Int32Array, word: number, place: number): number {
  const own = word >>> COLUMN_BITS;
  const column = columns[own];
  const keepsOwn = ((word & COLUMN_MASK) - (column >>> GROUP_BITS)) >> 31;
  const alias = column & GROUP_MASK;
  const group = (alias ^ ((alias ^ own) & keepsOwn)) << 1;
  return (groups[group] + ((place >>> 1) >>> groups[group | 1])) | 0;
}

function accessOf(rows: Int32Array, placeBits: number, rank: number, word: number, stores: number): number {
  const row = rows[rank << 1];
  const isAlias = ~(((word & (-1 >>> placeBits)) - (row >>> placeBits)) >> 31);
  const drawn = rank ^ (row & ((1 << placeBits) - 1) & isAlias);
  return (rows[(drawn << 1) | 1] << 1) | (((word & 1023) - stores) >>> 31);
}

/** Reads the rows of `ranks`, eight in each round, and returns something that depends on all of them. */
function readAhead(rows: Int32Array, ranks: Int32Array, count: number): number {
  let read = 0;
  for (let i = 0; i < count - 7; i += 8) {
    const a = rows[ranks[i] << 1] ^ rows[ranks[i + 1] << 1];
    const b = rows[ranks[i + 2] << 1] ^ rows[ranks[i + 3] << 1];
    const c = rows[ranks[i + 4] << 1] ^ rows[ranks[i + 5] << 1];
    const d = rows[ranks[i + 6] << 1] ^ rows[ranks[i + 7] << 1];
    read ^= a ^ b ^ c ^ d;
  }
  return read;
}
