/**
 * The one endless zstd stream of a compressed recording (`perf record -z`): its frame is flushed record by
 * record and never ends. Blocks are found here and decoded one at a time by fzstd, so that memory stays bounded
 * by one block and one window whatever the input claims.
 */
import { Decompress } from 'fzstd';

/** Block_Maximum_Size of RFC 8878, 3.1.1.2.4. */
const LARGEST_BLOCK = 128 * 1024;
/** Windows up to level 21 of perf record -z; level 22 wants 128 MiB, over our memory bound. */
const LARGEST_WINDOW = 64 * 1024 * 1024;
/** perf writes one frame; this allows a hundred large ones and stops endless allocation by empty ones. */
const MOST_WINDOWS = 1024 * 1024 * 1024;
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const BLOCK_HEADER_BYTES = 3;
const RAW_BLOCK = 0;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

type Expecting = 'frame' | 'block' | 'checksum' | 'skippable';

/** Takes compressed bytes as they come and returns what they decompress to, at most one window behind. */
export class ZstdStream {
  /** Why decoding stopped for good; empty while all is well. */
  failure = '';
  #waiting = new Uint8Array(0);
  #expecting: Expecting = 'frame';
  #skip = 0;
  #lastBlock = false;
  #hasChecksum = false;
  #output: Uint8Array[] = [];
  /** Bytes of all windows that frames made the decoder allocate, and bytes decompressed. */
  #windows = 0;
  #produced = 0;
  /** Decodes frame after frame; it holds a frame back until 18 bytes of input are there. */
  readonly #decoder = new Decompress((data) => {
    this.#produced += data.length;
    if (data.length > 0) this.#output.push(data);
  });

  /** Compressed bytes taken in and not decoded. */
  get unread(): number {
    return this.#waiting.length;
  }

  /** Whether all frames that were begun have ended. */
  get isWhole(): boolean {
    return this.#expecting === 'frame' && this.unread === 0;
  }

  /** Adds compressed bytes, which are copied. */
  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#waiting.length + bytes.length);
    joined.set(this.#waiting);
    joined.set(bytes, this.#waiting.length);
    this.#waiting = joined;
  }

  /** The next decompressed bytes, or undefined when more input is needed or decoding has failed. */
  next(): Uint8Array | undefined {
    while (this.#output.length === 0) {
      if (this.failure !== '' || !this.#step()) return undefined;
    }
    return this.#output.shift();
  }

  /** Handles one frame header, block or checksum; false when it is not complete yet. */
  #step(): boolean {
    if (this.#expecting === 'block') return this.#stepBlock();
    if (this.#expecting === 'frame') return this.#stepFrame();
    const length = Math.min(this.#skip, this.#waiting.length);
    if (length === 0 && this.#skip > 0) return false;
    const bytes = this.#consume(length);
    if (this.#expecting === 'checksum') this.#decode(bytes);
    this.#skip -= length;
    if (this.#skip === 0) this.#expecting = 'frame';
    return true;
  }

  #stepFrame(): boolean {
    const head = this.#waiting;
    if (head.length < 8) return false;
    if ((head[0] & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18) {
      this.#skip = 8 + (head[4] | (head[5] << 8) | (head[6] << 16)) + head[7] * 2 ** 24;
      this.#expecting = 'skippable';
      return true;
    }
    if (MAGIC.some((byte, i) => head[i] !== byte)) return this.#fail('not a zstd frame');
    const length = frameHeaderBytes(head[4]);
    if (head.length < length) return false;
    const window = windowBytes(head);
    if (window > LARGEST_WINDOW) return this.#fail('zstd window over 64 MiB');
    this.#windows += window;
    if (this.#windows > MOST_WINDOWS + this.#produced)
      return this.#fail('too many zstd frames for their content');
    this.#hasChecksum = (head[4] & 4) !== 0;
    this.#expecting = 'block';
    return this.#decode(this.#consume(length));
  }

  #stepBlock(): boolean {
    const head = this.#waiting;
    if (head.length < BLOCK_HEADER_BYTES) return false;
    const word = head[0] | (head[1] << 8) | (head[2] << 16);
    const type = (word >>> 1) & 3;
    const size = word >>> 3;
    if (type === RESERVED_BLOCK || size > LARGEST_BLOCK) return this.#fail('bad zstd block header');
    const length = BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : size);
    if (head.length < length) return false;
    this.#lastBlock = (word & 1) !== 0;
    if (type === RAW_BLOCK && size === 0 && !this.#lastBlock) return this.#consume(length).length > 0;
    if (!this.#decode(this.#consume(length))) return false;
    if (this.#lastBlock) this.#endFrame();
    return true;
  }

  #endFrame(): void {
    this.#skip = this.#hasChecksum ? 4 : 0;
    this.#expecting = this.#skip === 0 ? 'frame' : 'checksum';
  }

  #decode(bytes: Uint8Array): boolean {
    try {
      this.#decoder.push(bytes);
      return true;
    } catch {
      return this.#fail('zstd data that cannot be unpacked');
    }
  }

  #fail(reason: string): false {
    this.failure = reason;
    return false;
  }

  #consume(length: number): Uint8Array {
    const bytes = this.#waiting.subarray(0, length);
    this.#waiting = this.#waiting.subarray(length);
    return bytes;
  }
}

/** Length of a frame header from its descriptor byte (RFC 8878, 3.1.1.1.1). */
function frameHeaderBytes(descriptor: number): number {
  const single = (descriptor >>> 5) & 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3];
  const contentFlag = descriptor >>> 6;
  const content = contentFlag === 0 ? single : 1 << contentFlag;
  return 5 + (1 - single) + dictionary + content;
}

/** Window that a decoder of this frame has to keep. */
function windowBytes(head: Uint8Array): number {
  const descriptor = head[4];
  if (((descriptor >>> 5) & 1) === 0) {
    const base = 2 ** (10 + (head[5] >>> 3));
    return base + (base / 8) * (head[5] & 7);
  }
  const contentFlag = descriptor >>> 6;
  const at = 5 + [0, 1, 2, 4][descriptor & 3];
  let size = contentFlag === 1 ? 256 : 0;
  for (let i = 0, bytes = 1 << contentFlag; i < bytes; i++) size += head[at + i] * 2 ** (8 * i);
  return size;
}
