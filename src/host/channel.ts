import type { Bytes } from '../vocabulary/units.js';

/** Two-way bytes to another process of ours, in order, whole. */
export interface Channel {
  /** Sends bytes, or keeps them until they can be; nothing once the other side is gone. */
  send(bytes: Uint8Array): void;
  /** Bytes that are kept. */
  readonly waiting: Bytes;
  /** What the other side sends, as it comes. Ends when it is gone, or after `close`. Read once. */
  readonly received: AsyncIterable<Uint8Array>;
  /** Sends what is kept, as far as the other side takes it at once, and ends. */
  close(): void;
}
