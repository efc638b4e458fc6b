import type { Bytes } from '../../vocabulary/units.js';
import type { Channel } from '../channel.js';

/** A socket that this process was given as an open descriptor. */
export function openChannel(descriptor: number): Channel {
  return new SocketChannel(descriptor);
}

/** Loaded when it is needed: few commands talk to another process. */
const network = () => process.getBuiltinModule('node:net');

class SocketChannel implements Channel {
  readonly #socket: InstanceType<ReturnType<typeof network>['Socket']>;

  constructor(descriptor: number) {
    const { Socket } = network();
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: true });
    // A broken pipe is an end, which `received` tells.
    this.#socket.on('error', () => undefined);
  }

  get waiting(): Bytes {
    return this.#socket.writableLength;
  }

  get received(): AsyncIterable<Uint8Array> {
    return this.#chunks();
  }

  send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  close(): void {
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async *#chunks(): AsyncIterable<Uint8Array> {
    try {
      yield* this.#socket as AsyncIterable<Uint8Array>;
    } catch {
      // ECONNRESET, or closed by ourselves: the end.
    }
  }
}
