import type { ModelFile } from '../kernel/state/file-tree.js';

const NOTHING = new Uint8Array(0);

/** One open stream: what was taken but did not fit into a read comes with the next. */
export class StreamReader {
  readonly #file: ModelFile;
  #rest: Uint8Array = NOTHING;

  constructor(file: ModelFile) {
    this.#file = file;
  }

  /** At most `size` bytes; undefined when there is nothing yet. */
  read(size: number): Uint8Array | undefined {
    if (this.#rest.length === 0) this.#rest = new TextEncoder().encode(this.#file.take?.(size) ?? '');
    if (this.#rest.length === 0) return undefined;
    const part = this.#rest.subarray(0, size);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
