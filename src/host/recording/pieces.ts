/** Bytes of a file known in pieces, as reads at positions brought them. */

/** Pieces of a file that was read at places, each with its bytes or its errno. */
export interface PositionalRecord {
  /** Position and length in turn, ascending, never overlapping or touching. */
  readonly pieces: readonly number[];
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  readonly refusals: readonly (readonly [number, string])[];
}

interface Piece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What a read at a position finds. */
export type Found =
  | { readonly kind: 'bytes'; readonly length: number }
  | { readonly kind: 'refused'; readonly errno: string }
  | { readonly kind: 'unknown' };

/** A later read of the same bytes wins, so that a recording is one state, not a history. */
export class Pieces {
  #pieces: Piece[] = [];
  readonly #ends = new Set<number>();
  readonly #refusals = new Map<number, string>();
  #sorted = true;

  static from(record: PositionalRecord): Pieces {
    const known = new Pieces();
    let at = 0;
    for (let index = 0; index + 1 < record.pieces.length; index += 2) {
      const [position, length] = record.pieces.slice(index, index + 2);
      known.add(position, record.bytes.subarray(at, at + length), length);
      at += length;
    }
    for (const end of record.ends) known.#ends.add(end);
    for (const [position, errno] of record.refusals) known.#refusals.set(position, errno);
    return known;
  }

  /** What a read of `asked` bytes brought; fewer than asked means that the file ended there for this reader. */
  add(position: number, bytes: Uint8Array, asked: number): void {
    if (bytes.length > 0) this.#pieces.push({ position, bytes });
    if (bytes.length < asked) this.#ends.add(position + bytes.length);
    this.#sorted = this.#pieces.length < 2;
  }

  refuse(position: number, errno: string): void {
    this.#refusals.set(position, errno);
  }

  /** Copies what is known from `position` on; stops at the first byte that is not, or at an end. */
  read(into: Uint8Array, position: number): Found {
    const refused = this.#refusals.get(position);
    if (refused !== undefined) return { kind: 'refused', errno: refused };
    this.#merge();
    let index = this.#indexAt(position);
    let done = 0;
    while (done < into.length && index >= 0 && index < this.#pieces.length) {
      const piece = this.#pieces[index];
      const skipped = position + done - piece.position;
      if (skipped < 0 || skipped >= piece.bytes.length) break;
      const part = piece.bytes.subarray(skipped, skipped + into.length - done);
      into.set(part, done);
      done += part.length;
      index++;
    }
    const known = done > 0 || into.length === 0 || this.#ends.has(position);
    return known ? { kind: 'bytes', length: done } : { kind: 'unknown' };
  }

  /** All of the file, when it was read from its start to its end. */
  whole(): Uint8Array | undefined {
    this.#merge();
    if (this.#ends.has(0)) return new Uint8Array(0);
    const [first] = this.#pieces;
    const isWhole = first?.position === 0 && this.#ends.has(first.bytes.length);
    return isWhole ? first.bytes : undefined;
  }

  record(): PositionalRecord {
    this.#merge();
    const bytes = new Uint8Array(this.#pieces.reduce((sum, piece) => sum + piece.bytes.length, 0));
    let at = 0;
    for (const piece of this.#pieces) {
      bytes.set(piece.bytes, at);
      at += piece.bytes.length;
    }
    return {
      pieces: this.#pieces.flatMap((piece) => [piece.position, piece.bytes.length]),
      bytes,
      ends: [...this.#ends].sort((left, right) => left - right),
      refusals: [...this.#refusals],
    };
  }

  /** Last piece that begins at or before a position. */
  #indexAt(position: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#pieces[middle].position <= position) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /** Brings pieces into ascending order without overlaps: runs that touch become one, later bytes over earlier. */
  #merge(): void {
    if (this.#sorted) return;
    const order = this.#pieces.map((piece, age) => ({ piece, age }));
    order.sort((left, right) => left.piece.position - right.piece.position || left.age - right.age);
    const merged: Piece[] = [];
    for (let first = 0; first < order.length; ) {
      let end = endOf(order[first].piece);
      let next = first + 1;
      while (next < order.length && order[next].piece.position <= end) {
        end = Math.max(end, endOf(order[next].piece));
        next++;
      }
      merged.push(joined(order.slice(first, next), order[first].piece.position, end));
      first = next;
    }
    this.#pieces = merged;
    this.#sorted = true;
  }
}

const endOf = (piece: Piece): number => piece.position + piece.bytes.length;

function joined(parts: { piece: Piece; age: number }[], position: number, end: number): Piece {
  if (parts.length === 1) return parts[0].piece;
  const bytes = new Uint8Array(end - position);
  for (const { piece } of parts.sort((left, right) => left.age - right.age)) {
    bytes.set(piece.bytes, piece.position - position);
  }
  return { position, bytes };
}
