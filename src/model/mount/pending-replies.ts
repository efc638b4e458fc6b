/**
 * Requests whose answer is still to come: writes of commands that block, which nothing interrupts, and reads of
 * streams that have nothing yet, which a signal ends.
 */
import type { ErrnoName } from '../../vocabulary/errno.js';
import { dataReply, errorReply, writeOut } from './fuse-messages.js';
import type { StreamReader } from './stream-reader.js';

/** A write whose answer is still to come. Polled after the model has moved on. */
export interface BlockedWrite {
  readonly answer: { readonly ok: boolean; readonly error?: ErrnoName } | undefined;
}

interface WaitingWrite {
  readonly unique: bigint;
  readonly size: number;
  readonly blocked: BlockedWrite;
}

interface WaitingRead {
  readonly unique: bigint;
  readonly size: number;
  readonly stream: StreamReader;
}

/** Holds requests back and replies once the condition that they wait for holds. */
export class PendingReplies {
  readonly #reply: (message: Uint8Array) => void;
  #writes: WaitingWrite[] = [];
  #reads: WaitingRead[] = [];

  constructor(reply: (message: Uint8Array) => void) {
    this.#reply = reply;
  }

  get count(): number {
    return this.#writes.length + this.#reads.length;
  }

  addWrite(unique: bigint, size: number, blocked: BlockedWrite): void {
    this.#writes.push({ unique, size, blocked });
  }

  addRead(unique: bigint, size: number, stream: StreamReader): void {
    this.#reads.push({ unique, size, stream });
  }

  /** Replies to requests that have become ready. Call it whenever the model has moved. */
  settle(): void {
    this.#writes = this.#writes.filter((waiting) => !this.#settleWrite(waiting));
    this.#reads = this.#reads.filter((waiting) => !this.#settleRead(waiting));
  }

  /** A signal reached the caller of a request. */
  interrupt(unique: bigint): void {
    if (!this.#reads.some((waiting) => waiting.unique === unique)) return;
    this.#reads = this.#reads.filter((waiting) => waiting.unique !== unique);
    this.#reply(errorReply(unique, 'EINTR'));
  }

  #settleWrite({ unique, size, blocked }: WaitingWrite): boolean {
    const { answer } = blocked;
    if (answer === undefined) return false;
    const failed = answer.ok ? undefined : (answer.error ?? 'EIO');
    this.#reply(failed ? errorReply(unique, failed) : dataReply(unique, writeOut(size)));
    return true;
  }

  #settleRead({ unique, size, stream }: WaitingRead): boolean {
    const bytes = stream.read(size);
    if (bytes === undefined) return false;
    this.#reply(dataReply(unique, bytes));
    return true;
  }
}
