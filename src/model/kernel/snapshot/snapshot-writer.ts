import { SNAPSHOT_KIND, SNAPSHOT_VERSION, type SnapshotClass, shapeOf } from './snapshot-format.js';

/** Elements of a typed array that are kept or left out together. */
const CHUNK = 1024;

/** How a value stands in JSON: plain ones as they are, others as a list of one tag and what it needs. */
export type Encoded = number | string | boolean | null | readonly [string, ...unknown[]];

type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** Writes objects and all that they refer to, each once, typed arrays without their zeroes. */
export class SnapshotWriter {
  readonly #ids = new Map<object, number>();
  readonly #queue: object[] = [];
  readonly #parts: Uint8Array[] = [];
  readonly #byPrototype = new Map<object, SnapshotClass>();
  #binary = 0;

  constructor(classes: readonly SnapshotClass[]) {
    for (const known of classes) this.#byPrototype.set(Object.getPrototypeOf(known.sample()), known);
  }

  write(roots: Readonly<Record<string, unknown>>): Uint8Array {
    this.#reference(roots);
    const lines: string[] = [];
    const used = new Set<SnapshotClass>();
    for (let i = 0; i < this.#queue.length; i++)
      lines.push(JSON.stringify(this.#object(this.#queue[i], used)));
    const body = new TextEncoder().encode(`${lines.join('\n')}\n`);
    const shapes = Object.fromEntries([...used].map((known) => [known.name, shapeOf(known)]));
    const header = {
      octavo: SNAPSHOT_KIND,
      version: SNAPSHOT_VERSION,
      shapes,
      objects: lines.length,
      bytes: body.length,
    };
    return join([new TextEncoder().encode(`${JSON.stringify(header)}\n`), body, ...this.#parts]);
  }

  #reference(value: object): number {
    const found = this.#ids.get(value);
    if (found !== undefined) return found;
    const id = this.#queue.length;
    this.#ids.set(value, id);
    this.#queue.push(value);
    return id;
  }

  #value(value: unknown): Encoded {
    if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
    if (typeof value === 'number') return Number.isFinite(value) ? value : ['number', String(value)];
    if (value === undefined) return ['undefined'];
    if (typeof value === 'bigint') return ['bigint', String(value)];
    if (typeof value === 'object') return ['object', this.#reference(value)];
    throw new Error(`assertion failed: a ${typeof value} cannot be part of a snapshot`);
  }

  #object(value: object, used: Set<SnapshotClass>): unknown {
    if (ArrayBuffer.isView(value)) return this.#typedArray(value as TypedArray);
    if (Array.isArray(value)) return ['array', ...value.map((item) => this.#value(item))];
    if (value instanceof Map)
      return ['map', ...[...value].map(([key, item]) => [this.#value(key), this.#value(item)])];
    if (value instanceof Set) return ['set', ...[...value].map((item) => this.#value(item))];
    const fields = Object.entries(value).map(([name, item]) => [name, this.#value(item)]);
    if (Object.getPrototypeOf(value) === Object.prototype)
      return ['plain', Object.isFrozen(value), ...fields];
    const known = this.#byPrototype.get(Object.getPrototypeOf(value));
    if (known === undefined)
      throw new Error(`assertion failed: ${value.constructor.name} is unknown to snapshots`);
    used.add(known);
    return ['class', known.name, ...fields];
  }

  /** Kind, length, and pairs of first element and count; their bytes follow in the binary part in this order. */
  #typedArray(value: TypedArray): unknown {
    const runs: [number, number][] = [];
    for (let from = 0; from < value.length; from += CHUNK) {
      const chunk = value.subarray(from, Math.min(from + CHUNK, value.length));
      if (isZero(chunk)) continue;
      runs.push([from, chunk.length]);
      this.#parts.push(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength).slice());
    }
    const at = this.#binary;
    this.#binary += runs.reduce((sum, [, count]) => sum + count, 0) * value.BYTES_PER_ELEMENT;
    return ['typed', value.constructor.name, value.length, at, runs];
  }
}

function isZero(chunk: TypedArray): boolean {
  for (let i = 0; i < chunk.length; i++) if (chunk[i] !== 0) return false;
  return true;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
