/**
 * Frames of the socket pair: four bytes of length, little-endian, then JSON in UTF-8. Answers carry columns of numbers as
 * base64; requests never do, so that the acting side reads plain JSON and nothing else.
 */
import { failure, type Result, success } from '../../base/result.js';
import type { Bytes, Nanoseconds } from '../../vocabulary/units.js';

const HEADER: Bytes = 4;
/** `{}` is the shortest that can be anything. */
const LEAST: Bytes = 2;

/** Columns by the names that they have in a frame. */
const COLUMNS = {
  u8: Uint8Array,
  u16: Uint16Array,
  u32: Uint32Array,
  i32: Int32Array,
  f64: Float64Array,
} as const;

type Column = InstanceType<(typeof COLUMNS)[keyof typeof COLUMNS]>;

/** A frame with this value; undefined when it has more bytes than may be. */
export function frameOf(value: unknown, most: Bytes): Uint8Array | undefined {
  const body = Buffer.from(JSON.stringify(value, written), 'utf8');
  if (body.length > most) return undefined;
  const frame = Buffer.allocUnsafe(HEADER + body.length);
  frame.writeUInt32LE(body.length, 0);
  body.copy(frame, HEADER);
  return frame;
}

function written(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $: 'big', of: String(value) };
  if (!ArrayBuffer.isView(value)) return value;
  const entry = Object.entries(COLUMNS).find(([, kind]) => value instanceof kind);
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { $: entry?.[0] ?? 'u8', of: bytes.toString('base64') };
}

/** Puts columns back where an answer has them. Only for what the acting side has sent. */
export function withColumns(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown) => {
    if (typeof value !== 'object' || value === null || !('$' in value) || !('of' in value)) return value;
    return value.$ === 'big' ? BigInt(String(value.of)) : columnOf(String(value.$), String(value.of));
  });
}

function columnOf(kind: string, text: string): Column {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  const { buffer } = bytes;
  return kind in COLUMNS ? new COLUMNS[kind as keyof typeof COLUMNS](buffer) : bytes;
}

/** Puts the bytes of a stream together to the texts of frames. Holds one frame at most. */
export class FrameReader {
  readonly #most: Bytes;
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  /** Pieces of the frame that is coming in; joined when it is whole, so that a length alone takes no memory. */
  #pieces: Uint8Array[] = [];
  #missing = 0;
  /** When the frame that is coming in began; undefined between two. */
  #beganNs: Nanoseconds | undefined;

  constructor(most: Bytes) {
    this.#most = most;
  }

  get beganNs(): Nanoseconds | undefined {
    return this.#beganNs;
  }

  /** Texts of the frames that these bytes end, or what is wrong with them, behind which nothing can be read. */
  add(chunk: Uint8Array, nowNs: Nanoseconds): Result<readonly string[], string> {
    const texts: string[] = [];
    for (let at = 0; at < chunk.length; ) {
      this.#beganNs ??= nowNs;
      if (this.#headerBytes < HEADER) {
        this.#header[this.#headerBytes++] = chunk[at++];
        if (this.#headerBytes < HEADER) continue;
        this.#missing = this.#header.readUInt32LE(0);
        if (this.#missing < LEAST || this.#missing > this.#most)
          return failure(`a frame of ${this.#missing} bytes`);
        continue;
      }
      const piece = chunk.subarray(at, at + this.#missing);
      at += piece.length;
      this.#missing -= piece.length;
      // A copy: the stream may use its memory again.
      this.#pieces.push(piece.slice());
      if (this.#missing > 0) continue;
      const text = this.#text();
      if (text === undefined) return failure('a frame that is no text');
      texts.push(text);
    }
    return success(texts);
  }

  #text(): string | undefined {
    const body = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#headerBytes = 0;
    this.#beganNs = undefined;
    try {
      return this.#decoder.decode(body);
    } catch {
      return undefined;
    }
  }
}
