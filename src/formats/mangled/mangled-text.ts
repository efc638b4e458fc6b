/** Reads a mangled name from its beginning, within bounds: names nest, refer to themselves, and claim to be of any length. */

/** Longest name that is read, and longest that is made of one. */
export const LONGEST_NAME = 4096;
const MOST_STEPS = 20_000;
/** Templates take three levels each: the type, its name, the argument. */
const MOST_DEPTH = 300;
/** References to references double the text with each. What is in a long name stands there a few times. */
const MOST_REPEATED = 4 * LONGEST_NAME;

/** Ends the reading of what is no mangled name, or is not understood. */
export class NotUnderstood extends Error {}

/** What `read` makes of a name; undefined when it is NotUnderstood or too long. */
export function understood(read: () => string): string | undefined {
  try {
    const text = read();
    return text.length > LONGEST_NAME ? undefined : text;
  } catch (problem) {
    if (problem instanceof NotUnderstood) return undefined;
    throw problem;
  }
}

/** A mangled name with the place up to which it was read. Where that is too far or too deep, it throws NotUnderstood. */
export class MangledText {
  protected readonly text: string;
  protected at = 0;
  #steps = 0;
  #depth = 0;
  #repeated = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** A step of a loop. */
  protected step(): void {
    if (++this.#steps > MOST_STEPS || this.at > this.text.length) throw new NotUnderstood();
  }

  /** A step that may lead to itself again: everything that calls itself goes through here. */
  protected deeper<Found>(read: () => Found): Found {
    this.step();
    if (++this.#depth > MOST_DEPTH) throw new NotUnderstood();
    const found = read();
    this.#depth--;
    return found;
  }

  /** Text that may be told more than once, counted each time. */
  protected repeated(text: string): string {
    this.#repeated += text.length;
    if (this.#repeated > MOST_REPEATED) throw new NotUnderstood();
    return text;
  }

  protected peek(): string {
    return this.text[this.at] ?? '';
  }

  protected isAt(word: string): boolean {
    return this.text.startsWith(word, this.at);
  }

  /** Whether the word stood here; then it is behind. */
  protected take(word: string): boolean {
    if (!this.isAt(word)) return false;
    this.at += word.length;
    return true;
  }

  protected want(word: string): void {
    if (!this.take(word)) throw new NotUnderstood();
  }
}
