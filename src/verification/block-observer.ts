import { defined } from '../base/assert.js';
import { parseSmaps, type SmapsEntry } from '../formats/proc/smaps.js';
import type { Host } from '../host/host.js';
import type { Mapping } from '../vocabulary/mapping.js';
import { type BlockState, type PageSizes, rowOfBlock } from '../vocabulary/page-sizes.js';
import { type BlockNumber, blockToPage, type ProcessId } from '../vocabulary/units.js';
import { emptyBlock, wholeBlockState } from './block-rows.js';
import { mappingsOf, observe } from './observe.js';

/** Looks at single blocks of one process again and again, without reading all of smaps every time. */
export class BlockObserver {
  readonly #host: Host;
  readonly #pid: ProcessId;
  #entries: readonly SmapsEntry[] | undefined;
  /** /proc/PID/maps as it was when the entries were found to be those of now. */
  #maps: string | undefined;
  #sizes: PageSizes | undefined;

  constructor(host: Host, pid: ProcessId) {
    this.#host = host;
    this.#pid = pid;
  }

  /**
   * The blocks as they are now, in the order given. Mappings are compared with /proc/PID/maps first and read anew when
   * they have changed. Throws TARGET_GONE or PERMISSION.
   */
  look(blocks: readonly BlockNumber[]): readonly BlockState[] {
    const { geometry } = this.#host.identity;
    const ranges = [...blocks]
      .sort((left, right) => left - right)
      .map((block) => ({ start: blockToPage(block, geometry), end: blockToPage(block + 1, geometry) }));
    const entries = this.#current();
    this.#sizes = observe(this.#host, this.#pid, { ranges, entries }).sizes;
    return blocks.map((block) => this.#state(block));
  }

  /** Forgets the mappings, so that flags which maps does not show (mlock, madvise) are read again. */
  forgetMappings(): void {
    this.#entries = undefined;
    this.#maps = undefined;
  }

  /** The mapping that holds a block's first page now. */
  mappingOf(block: BlockNumber): Mapping | undefined {
    const page = blockToPage(block, this.#host.identity.geometry);
    return this.#current().find(({ mapping }) => mapping.start <= page && page < mapping.end)?.mapping;
  }

  get thpDisabledByPrctl(): boolean {
    return this.#sizes?.thpDisabledByPrctl === true;
  }

  #state(block: BlockNumber): BlockState {
    const blocks = defined(this.#sizes, 'nothing was observed yet').blocks;
    const row = rowOfBlock(blocks, block);
    return row < 0 ? emptyBlock(block) : wholeBlockState(blocks, row);
  }

  #current(): readonly SmapsEntry[] {
    if (!this.#entries || !this.#unchanged(this.#entries)) this.#entries = mappingsOf(this.#host, this.#pid);
    return this.#entries;
  }

  #unchanged(entries: readonly SmapsEntry[]): boolean {
    const maps = this.#host.files.readText(`/proc/${this.#pid}/maps`);
    if (maps.ok && maps.value === this.#maps) return true;
    this.#maps = undefined;
    const now = maps.ok ? parseSmaps(maps.value, this.#host.identity.geometry) : undefined;
    if (!now?.ok || now.value.length !== entries.length) return false;
    const isSame = now.value.every(({ mapping }, index) => {
      const known = entries[index].mapping;
      return (
        mapping.start === known.start &&
        mapping.end === known.end &&
        mapping.permissions === known.permissions
      );
    });
    if (isSame && maps.ok) this.#maps = maps.value;
    return isSame;
  }
}
