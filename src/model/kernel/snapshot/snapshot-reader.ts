import type { SnapshotClass, SnapshotHeader } from './snapshot-format.js';

const TYPED = { Uint8Array, Uint16Array, Uint32Array, Int32Array, Float64Array } as const;

type Line = readonly [string, ...unknown[]];

/** Makes the objects of a snapshot again. Throws where a class has other fields than when it was written. */
export class SnapshotReader {
  readonly #lines: readonly Line[];
  readonly #binary: Uint8Array;
  readonly #classes: readonly SnapshotClass[];
  readonly #made: object[] = [];

  /** `bytes`: what follows the header. */
  constructor(bytes: Uint8Array, header: SnapshotHeader, classes: readonly SnapshotClass[]) {
    const text = new TextDecoder().decode(bytes.subarray(0, header.bytes));
    this.#lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    if (this.#lines.length !== header.objects)
      throw new Error(`${this.#lines.length} of ${header.objects} objects`);
    this.#binary = bytes.subarray(header.bytes);
    this.#classes = classes;
  }

  /** Makes all objects first, then fills them, so that they may refer to each other in any order. */
  read(): Record<string, unknown> {
    for (const line of this.#lines) this.#made.push(this.#make(line));
    this.#lines.forEach((line, id) => {
      this.#fill(line, this.#made[id]);
    });
    return this.#made[0] as Record<string, unknown>;
  }

  #make(line: Line): object {
    switch (line[0]) {
      case 'typed':
        return this.#typedArray(line);
      case 'array':
        return [];
      case 'map':
        return new Map();
      case 'set':
        return new Set();
      case 'plain':
        return {};
      default:
        return this.#instance(String(line[1]));
    }
  }

  #instance(name: string): object {
    const known = this.#classes.find((candidate) => candidate.name === name);
    if (known === undefined) throw new Error(`unknown class ${name}`);
    return known.make?.() ?? Object.create(Object.getPrototypeOf(known.sample()));
  }

  #typedArray([, kind, length, at, runs]: Line): object {
    const array = new TYPED[kind as keyof typeof TYPED](Number(length));
    const into = new Uint8Array(array.buffer);
    let from = Number(at);
    for (const [first, count] of runs as [number, number][]) {
      const bytes = count * array.BYTES_PER_ELEMENT;
      if (from + bytes > this.#binary.length) throw new Error('it ends too early');
      into.set(this.#binary.subarray(from, from + bytes), first * array.BYTES_PER_ELEMENT);
      from += bytes;
    }
    return array;
  }

  #fill(line: Line, object: object): void {
    const [kind, ...rest] = line;
    if (kind === 'array') for (const item of rest) (object as unknown[]).push(this.#value(item));
    else if (kind === 'set') for (const item of rest) (object as Set<unknown>).add(this.#value(item));
    else if (kind === 'map')
      for (const [key, item] of rest as [unknown, unknown][])
        (object as Map<unknown, unknown>).set(this.#value(key), this.#value(item));
    else if (kind === 'plain' || kind === 'class') {
      for (const [name, item] of rest.slice(1) as [string, unknown][])
        (object as Record<string, unknown>)[name] = this.#value(item);
      if (kind === 'plain' && rest[0] === true) Object.freeze(object);
    }
  }

  #value(encoded: unknown): unknown {
    if (!Array.isArray(encoded)) return encoded;
    const [tag, value] = encoded as [string, unknown];
    if (tag === 'object') return this.#made[Number(value)];
    if (tag === 'undefined') return undefined;
    return tag === 'bigint' ? BigInt(String(value)) : Number(value);
  }
}
