/** Writes Arm SPE packets for tests. */
import { joined } from './perf-builder.js';

export class SpeBuilder {
  readonly #parts: number[] = [];

  get length(): number {
    return this.#parts.length;
  }

  raw(...bytes: number[]): this {
    this.#parts.push(...bytes);
    return this;
  }

  pad(count = 1): this {
    return this.raw(...new Array(count).fill(0));
  }

  payload(header: number, value: bigint | number, bytes: 1 | 2 | 4 | 8): this {
    const size = { 1: 0, 2: 0x10, 4: 0x20, 8: 0x30 }[bytes];
    return this.raw(header | size).#value(value, bytes);
  }

  address(index: number, value: bigint): this {
    return this.raw(0xb0 | index).#value(value, 8);
  }

  pc(address: bigint, level = 0): this {
    return this.address(0, BigInt.asUintN(56, address) | (BigInt(level) << 61n) | (1n << 63n));
  }

  data(address: bigint, tag = 0n): this {
    return this.address(2, BigInt.asUintN(56, address) | (tag << 56n));
  }

  physical(address: bigint): this {
    return this.address(3, BigInt.asUintN(56, address) | (1n << 63n));
  }

  load(): this {
    return this.raw(0x49, 0);
  }
  store(): this {
    return this.raw(0x49, 1);
  }

  events(bits: number, bytes: 1 | 2 | 4 | 8 = 2): this {
    return this.payload(0x42, bits, bytes);
  }

  latency(cycles: number): this {
    return this.payload(0x88, cycles, 2);
  }

  source(value: number): this {
    return this.payload(0x43, value, 1);
  }

  context(tid: number): this {
    return this.raw(0x65).#value(tid, 4);
  }

  time(count: bigint | number): this {
    return this.raw(0x71).#value(count, 8);
  }

  end(): this {
    return this.raw(0x01);
  }

  done(): Uint8Array {
    return joined([Uint8Array.from(this.#parts)]);
  }

  #value(value: bigint | number, bytes: number): this {
    for (let i = 0; i < bytes; i++)
      this.#parts.push(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * i)) & 0xffn));
    return this;
  }
}
