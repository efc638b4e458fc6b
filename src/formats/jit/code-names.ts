/** Names of code that a program made at run time, by address. */

/** Names kept, of all processes together. */
export const MOST_CODE_NAMES = 1 << 20;
/** Longest name that is kept; generated names can be anything. */
const LONGEST_NAME = 512;

interface Named {
  readonly start: number;
  readonly end: number;
  readonly name: string;
  /** What was said later holds. */
  readonly order: number;
}

/** Names of one process's code, in any order; what was said last holds. */
export class CodeNames {
  private readonly said: Named[] = [];
  private sorted: readonly Named[] | undefined;
  private readonly most: number;

  constructor(most = MOST_CODE_NAMES) {
    this.most = most;
  }

  /** Names that were taken. */
  get count(): number {
    return this.said.length;
  }

  /** False when there are too many. Control characters, which a terminal would obey, become `?`. */
  add(start: number, bytes: number, name: string): boolean {
    if (this.said.length >= this.most) return false;
    if (!(start >= 0) || !(bytes > 0) || name === '') return true;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    const clean = name.slice(0, LONGEST_NAME).replace(/[\x00-\x1f\x7f-\x9f]/g, '?');
    this.said.push({ start, end: start + bytes, name: clean, order: this.said.length });
    this.sorted = undefined;
    return true;
  }

  /** The name of what lies at an address, and where that begins. */
  find(address: number): { readonly name: string; readonly start: number } | undefined {
    this.sorted ??= [...this.said].sort((a, b) => a.start - b.start || a.order - b.order);
    const list = this.sorted;
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (list[middle].start <= address) low = middle + 1;
      else high = middle;
    }
    let found: Named | undefined;
    // Code that began before and was made later may reach over what begins nearer.
    for (let at = low - 1; at >= Math.max(0, low - MOST_OVERLAPS); at--) {
      const each = list[at];
      if (address < each.end && (found === undefined || each.order > found.order)) found = each;
    }
    return found && { name: found.name, start: found.start };
  }
}

const MOST_OVERLAPS = 8;
