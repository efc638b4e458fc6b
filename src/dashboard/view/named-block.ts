/** What is to be told of the block that a link names, as links and maps come: each thing once. Pure. */

/** What is to be done now. */
export type BlockStep =
  | { readonly kind: 'nothing' }
  /** Ask about the block at this place of the line of addresses. */
  | { readonly kind: 'ask'; readonly line: number }
  /** Say that the map has no such place. */
  | { readonly kind: 'missing'; readonly title: string; readonly words: string }
  /** No block is named any more. */
  | { readonly kind: 'hide' };

const NOTHING: BlockStep = { kind: 'nothing' };

/** The block that is asked about. */
export class NamedBlock {
  /** `PID@0xADDRESS` of what was dealt with last. */
  #at: string | undefined;
  /** `lost`: it has to be asked about again, by the next map. */
  #standing: 'asked' | 'lost' | 'awaited' | 'missing' = 'asked';

  /**
   * `at`: what the link names now; `lineOf`: where the map of now has an address; `isGrowing`: whether it may get what it has not.
   * An address that has no place yet is asked about by the first map that has one.
   */
  follow(at: string | undefined, lineOf: (at: string) => number | undefined, isGrowing: boolean): BlockStep {
    const isNew = at !== this.#at;
    if (!isNew && (at === undefined || this.#standing === 'asked')) return NOTHING;
    this.#at = at;
    if (at === undefined) return { kind: 'hide' };
    const line = lineOf(at);
    const before = isNew ? 'lost' : this.#standing;
    this.#standing = line !== undefined ? 'asked' : isGrowing ? 'awaited' : 'missing';
    if (line !== undefined) return { kind: 'ask', line };
    return this.#standing === before ? NOTHING : { kind: 'missing', ...missingWords(at, isGrowing) };
  }

  /** It was chosen on the map, and is asked about; undefined: nothing is chosen any more. The link is to say so next. */
  chosen(at: string | undefined): void {
    [this.#at, this.#standing] = [at, 'asked'];
  }

  /** The map has another layout by now: what was asked was of none. */
  lost(): void {
    this.#standing = 'lost';
  }
}

function missingWords(at: string, isGrowing: boolean): { readonly title: string; readonly words: string } {
  const address = at.split('@').at(-1);
  return isGrowing
    ? { title: `${address} is not on the map yet`, words: 'It is told here once it was looked at.' }
    : { title: `${address} is not on the map`, words: 'What is shown here does not reach there.' };
}
