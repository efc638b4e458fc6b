/** The words of options that choose a part of a map of heat. */
import type { ValueParser } from '../../vocabulary/quantities.js';

/** Byte addresses [start, end). */
export interface AddressWindow {
  readonly start: bigint;
  readonly end: bigint;
}

/** Values of `--shades`: letters, the 256 colours of xterm, or 24-bit colour. */
export const SHADES = ['none', '256', 'all'] as const;

/** `0x7f1ac6000000-0x7f1ac6200000`; either end may be left out. */
export const parseAddresses: ValueParser<AddressWindow> = Object.assign(
  (text: string): AddressWindow => {
    const [, from = '', to = ''] = /^(0x[0-9a-f]{1,16})?-(0x[0-9a-f]{1,16})?$/i.exec(text.trim()) ?? [];
    if (from === '' && to === '')
      throw new SyntaxError('is no range of addresses; write 0x7f1ac6000000-0x7f1ac6200000');
    const window = { start: BigInt(from || '0'), end: to === '' ? 1n << 64n : BigInt(to) };
    if (window.end <= window.start) throw new SyntaxError('ends before it begins');
    return window;
  },
  { accepts: 'addresses START-END in hexadecimal, either end left out' },
);
