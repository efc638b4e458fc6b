/** Names of symbols as their program's source has them. */
import { itaniumName } from './itanium.js';
import { LONGEST_NAME } from './mangled-text.js';
import { legacyRustName, rustName } from './rust.js';

/** The name that a mangled one stands for; the same when it is none, or one that is not understood. */
export function readable(symbol: string): string {
  if (symbol.length > LONGEST_NAME || !/^_?_[ZR]/.test(symbol)) return symbol;
  const rust = rustName(symbol);
  if (rust !== undefined) return rust;
  const name = itaniumName(symbol);
  return name === undefined ? symbol : (legacyRustName(name) ?? name);
}
