/** Walks a parsed JSON or YAML tree and remembers where it is, so that a problem names its place. */

/** What is wrong with a file of damo, and where. */
export interface FileProblem {
  /** `kdamonds[0].contexts[0].intervals.sample_us` */
  readonly place: string;
  readonly problem: string;
}

/** Thrown inside the parser only; its door turns it into a value. */
export class ProblemAt extends Error {
  readonly at: FileProblem;

  constructor(at: FileProblem) {
    super(at.problem);
    this.at = at;
  }
}

/** A value of the tree and its place. Its readers throw a problem where the value is of another type. */
export class Node {
  readonly value: unknown;
  readonly place: string;

  constructor(value: unknown, place: string) {
    this.value = value;
    this.place = place;
  }

  get isAbsent(): boolean {
    return this.value === undefined || this.value === null;
  }

  field(name: string): Node {
    const place = this.place ? `${this.place}.${name}` : name;
    if (this.isAbsent) return new Node(undefined, place);
    if (typeof this.value !== 'object' || Array.isArray(this.value)) this.fail('should be a set of fields');
    return new Node((this.value as Record<string, unknown>)[name], place);
  }

  items(): Node[] {
    if (this.isAbsent) return [];
    if (!Array.isArray(this.value)) this.fail('should be a list');
    return (this.value as unknown[]).map((item, index) => new Node(item, `${this.place}[${index}]`));
  }

  text(plain: string): string {
    if (this.isAbsent) return plain;
    if (typeof this.value !== 'string') this.fail('should be a text');
    return this.value as string;
  }

  /** A number or a text that a parser understands; the plain value when it is absent. */
  quantity(parse: (value: string | number) => bigint | undefined, plain: bigint): bigint {
    if (this.isAbsent) return plain;
    const value = typeof this.value === 'bigint' ? String(this.value) : this.value;
    if (typeof value !== 'string' && typeof value !== 'number') this.fail('should be a number or a text');
    const parsed = parse(value as string | number);
    if (parsed === undefined) this.fail(`\`${value}\` cannot be understood`);
    return parsed as bigint;
  }

  flag(parse: (value: unknown) => boolean | undefined, plain: boolean): boolean {
    if (this.isAbsent) return plain;
    const parsed = parse(this.value);
    if (parsed === undefined) this.fail(`\`${this.value}\` is neither yes nor no`);
    return parsed as boolean;
  }

  /** Fields that are there but not among the known ones: nothing is dropped silently. */
  unknown(known: readonly string[]): string[] {
    if (this.isAbsent || typeof this.value !== 'object' || Array.isArray(this.value)) return [];
    return Object.keys(this.value as object)
      .filter((name) => !known.includes(name))
      .map((name) => (this.place ? `${this.place}.${name}` : name));
  }

  fail(problem: string): never {
    throw new ProblemAt({ place: this.place || 'top level', problem });
  }
}
