/** Rows of a heat file as columns, until there are enough of them for a row group. */
import type { ColumnValues } from '../parquet/columns.js';
import type { EncodeLoop, LoopColumn } from '../parquet/encode-loop/encode-loop.js';
import { Dictionary } from './dictionary.js';

/** What the rows of a block have in common. */
export interface BlockRows {
  readonly pid: number;
  readonly command: string;
  /** Byte address of the block, and of a page. */
  readonly address: number;
  readonly pageBytes: number;
  /** The slices of time in which it was sampled, ascending. */
  readonly slices: readonly SliceRows[];
}

/** Samples of a block in a slice of time. */
export interface SliceRows {
  /** When it begins, NO_TIME when not known. */
  readonly timeMs: number;
  /** Accesses that a sample stands for. */
  readonly weight: number;
  /** Samples that each full counter lost. */
  readonly lost: number;
  /** Samples by sub-page, and those of them that missed the TLB: all 0 when undefined. */
  readonly counts: Uint16Array;
  readonly tlbMisses: Uint16Array | undefined;
}

type Range = [number, number];

/** Gathers rows and hands them on, encoded, when the group is full. */
export class RowGroup {
  #count = 0;
  readonly #write: (count: number, columns: readonly ColumnValues[]) => void;
  readonly #loop: EncodeLoop;
  readonly #times: number[] = [];
  readonly #commands = new Dictionary();
  readonly #mappings = new Dictionary();
  #blocks: Range = nowhere();
  #addresses: Range = nowhere();

  constructor(loop: EncodeLoop, write: (count: number, columns: readonly ColumnValues[]) => void) {
    this.#loop = loop;
    this.#write = write;
    loop.clear();
  }

  /** Pages that may be added at once when there are so many slices. */
  mostPages(slices: number): number {
    return Math.max(1, Math.floor(this.#loop.capacity / Math.max(1, slices)));
  }

  /** Sees to it that there is room for so many rows, at most those of a row group. */
  makeRoom(rows: number): void {
    if (this.#count + rows > this.#loop.capacity) this.flush();
  }

  /**
   * A row for each slice's counts[from, to) that are not 0, all in the mapping of this name. There must be
   * room.
   */
  add(block: BlockRows, mapping: string, from: number, to: number): void {
    const loop = this.#loop;
    const first = this.#count;
    const { address, pageBytes, slices } = block;
    this.#fillCounters(slices, from, to);
    const run = { block: address, pageBytes, subPage: from, pages: to - from };
    const row = loop.addRows(first, slices.length, run);
    if (row === first) return;
    this.#noteTimes(slices);
    const command = this.#commands.indexOf(block.command);
    loop.fillRows(first, row, { pid: block.pid, command, mapping: this.#mappings.indexOf(mapping), address });
    widen(this.#blocks, address, address);
    widen(this.#addresses, loop.addressAt(first), loop.addressAt(row - 1));
    this.#count = row;
  }

  #fillCounters(slices: readonly SliceRows[], from: number, to: number): void {
    const { counts, misses } = this.#loop;
    for (let index = 0, at = 0; index < slices.length; index++, at += to - from) {
      const slice = slices[index];
      this.#loop.setSlice(index, slice.weight, this.#times.indexOf(slice.timeMs), slice.lost);
      counts.set(slice.counts.subarray(from, to), at);
      if (slice.tlbMisses === undefined) misses.fill(0, at, at + to - from);
      else misses.set(slice.tlbMisses.subarray(from, to), at);
    }
  }

  /** Times get their indices with their first rows. There are as many as slices: few. */
  #noteTimes(slices: readonly SliceRows[]): void {
    for (let slice = 0; slice < slices.length; slice++) {
      const index = this.#loop.timeIndex(slice);
      if (index >= 0) this.#times[index] = slices[slice].timeMs;
    }
  }

  flush(): void {
    const count = this.#count;
    const loop = this.#loop;
    if (count === 0) return;
    const { pids, commands, mappings, blocks, subPages, addresses, samples, tlbMisses, times } = loop.columns;
    const numbers = (values: LoopColumn, range?: Range): ColumnValues => ({
      kind: 'numbers',
      values,
      ...(range === undefined ? {} : { range }),
    });
    const texts = ({ entries }: Dictionary, indices: LoopColumn): ColumnValues => ({
      kind: 'dictionary',
      entries,
      indices,
    });
    this.#write(count, [
      numbers(pids, [loop.pidAt(0), loop.pidAt(count - 1)]),
      texts(this.#commands, commands),
      texts(this.#mappings, mappings),
      numbers(blocks, this.#blocks),
      numbers(subPages),
      numbers(addresses, this.#addresses),
      numbers(samples),
      this.#accesses(),
      numbers(tlbMisses),
      { kind: 'dictionary', entries: [...this.#times], indices: times },
    ]);
    this.#clear();
  }

  #accesses(): ColumnValues {
    const { accesses, accessIndices } = this.#loop.columns;
    const entries = this.#loop.accessValues();
    if (entries === undefined) return { kind: 'plain', values: accesses };
    return { kind: 'dictionary', entries, indices: accessIndices };
  }

  #clear(): void {
    this.#count = 0;
    this.#commands.clear();
    this.#mappings.clear();
    this.#times.length = 0;
    this.#blocks = nowhere();
    this.#addresses = nowhere();
    this.#loop.clear();
  }
}

function nowhere(): Range {
  return [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
}

function widen(range: Range, least: number, largest: number): void {
  if (least < range[0]) range[0] = least;
  if (largest > range[1]) range[1] = largest;
}
