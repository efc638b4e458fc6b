/** What a request asks for, from its query: numbers within bounds, and words. What does not fit is refused, never guessed. Pure. */
import type { Refusal } from './request-checks.js';

const LONGEST_QUERY = 2048;
const LONGEST_WORD = 200;

/** Thrown where a request gets nothing; caught by the surface. */
export class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.why);
    this.refusal = refusal;
  }
}

/** Ends a request with a refusal. */
export function refuse(status: number, code: string, why: string): never {
  throw new Refused({ status, code, why });
}

/** The parameters of a request, each of them checked when it is asked for. */
export class Query {
  readonly #values: URLSearchParams;

  constructor(text: string) {
    if (text.length > LONGEST_QUERY) refuse(400, 'query', `is longer than ${LONGEST_QUERY} letters`);
    this.#values = new URLSearchParams(text);
  }

  /** Refuses unknown parameters: a name that is written wrongly must not count as absent. */
  only(...names: readonly string[]): this {
    for (const name of this.#values.keys())
      if (!names.includes(name))
        refuse(400, 'query', `there are only the parameters ${names.join(', ') || '(none)'}`);
    return this;
  }

  word(name: string): string | undefined {
    const [value, ...others] = this.#values.getAll(name);
    if (others.length > 0) refuse(400, 'query', `${name} is given several times`);
    if (value !== undefined && value.length > LONGEST_WORD)
      refuse(400, 'query', `${name} is longer than ${LONGEST_WORD} letters`);
    return value;
  }

  /** A whole number from `least` to `most`; `usual` when it is absent, which is refused without one. */
  whole(name: string, [least, most]: readonly [number, number], usual?: number): number {
    const text = this.word(name);
    if (text === undefined && usual !== undefined) return usual;
    const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    return refuse(400, 'query', `${name} is a whole number from ${least} to ${most}`);
  }

  /** The same, undefined when it is absent. */
  optional(name: string, bounds: readonly [number, number]): number | undefined {
    return this.word(name) === undefined ? undefined : this.whole(name, bounds);
  }

  /** Words between commas, each of them known. */
  some<Word extends string>(name: string, known: readonly Word[]): readonly Word[] | undefined {
    const text = this.word(name);
    if (text === undefined) return undefined;
    return text.split(',').map((word) => {
      const found = known.find((one) => one === word);
      return found ?? refuse(400, 'query', `${name} is one or several of ${known.join(', ')}`);
    });
  }
}
