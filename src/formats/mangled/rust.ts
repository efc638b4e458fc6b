/**
 * Names of Rust for people: v0 (rust-lang.github.io/rfcs/2603) and what came before it. Disambiguators, hashes and crate
 * ids are left out, as `{:#}` of rustc-demangle does. What is not understood is left as it was.
 */

import { MangledText, NotUnderstood, understood } from './mangled-text.js';

const BASIC: Readonly<Record<string, string>> = {
  ...{ a: 'i8', b: 'bool', c: 'char', d: 'f64', e: 'str', f: 'f32', h: 'u8', i: 'isize', j: 'usize' },
  ...{ l: 'i32', m: 'u32', n: 'i128', o: 'u128', p: '_', s: 'i16', t: 'u16', u: '()', v: '...' },
  ...{ x: 'i64', y: 'u64', z: '!' },
};
/** Undefined when it is no name of Rust's v0, or one that is not understood. */
export function rustName(mangled: string): string | undefined {
  const match = /^_?_R([A-Z]\w*)((?:[.$][\w.$]+)?)$/.exec(mangled);
  if (match === null) return undefined;
  const reader = new Reader(match[1]);
  return understood(() => reader.path(true));
}

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ SP: '@', BP: '*', RF: '&', LT: '<', GT: '>', LP: '(', RP: ')', C: ',' },
};

/** What itaniumName() made of a name of before v0; undefined when it is none. */
export function legacyRustName(name: string): string | undefined {
  const hashed = /^(.*)::h[\da-f]{16}$/.exec(name);
  if (hashed === null) return undefined;
  return hashed[1]
    .split('::')
    .map((part) => (part.startsWith('_$') ? part.slice(1) : part))
    .join('::')
    .replace(/\$([A-Z]{1,2})\$/g, (all, code: string) => ESCAPES[code] ?? all)
    .replace(/\$u([\da-f]{1,6})\$/g, (_, code: string) => character(code))
    .replace(/\.\./g, '::');
}

/** Never one that a terminal would obey, or that turns what follows around. */
function character(code: string): string {
  const number = Number.parseInt(code, 16);
  return number <= 0x10ffff ? String.fromCodePoint(number).replace(/\p{C}/u, '?') : '?';
}

class Reader extends MangledText {
  /** `isValue`: arguments of generics are written with `::`. */
  path(isValue: boolean): string {
    return this.deeper(() => this.anyPath(this.next(), isValue));
  }

  private anyPath(letter: string, isValue: boolean): string {
    if (letter === 'C') return this.identifier().name;
    if (letter === 'N') return this.nested(isValue);
    if (letter === 'B') return this.again(() => this.path(isValue));
    if (letter === 'I') return this.generic(isValue);
    if (letter === 'Y') return `<${this.type()} as ${this.path(false)}>`;
    if (letter !== 'M' && letter !== 'X') throw new NotUnderstood();
    // Where the implementation stands.
    this.disambiguator();
    this.path(false);
    const own = this.type();
    return letter === 'M' ? `<${own}>` : `<${own} as ${this.path(false)}>`;
  }

  private nested(isValue: boolean): string {
    const space = this.next();
    const outer = this.path(isValue);
    const { name, number } = this.identifier();
    if (/[a-z]/.test(space)) return name === '' ? outer : `${outer}::${name}`;
    const kind = space === 'C' ? 'closure' : space === 'S' ? 'shim' : space;
    return `${outer}::{${kind}${name === '' ? '' : `:${name}`}#${number}}`;
  }

  private generic(isValue: boolean): string {
    const base = this.path(isValue);
    const all: string[] = [];
    while (!this.take('E')) all.push(this.argument());
    return `${base}${isValue ? '::' : ''}<${all.join(', ')}>`;
  }

  private argument(): string {
    if (this.take('L')) return this.lifetime();
    return this.take('K') ? this.constant() : this.type();
  }

  private lifetime(): string {
    return this.base62() === 0 ? "'_" : "'a";
  }

  private type(): string {
    return this.deeper(() => this.anyType());
  }

  private anyType(): string {
    const letter = this.peek();
    const basic = BASIC[letter];
    if (basic !== undefined) {
      this.at++;
      return basic;
    }
    const compound = this.compoundType(letter);
    return compound ?? this.path(false);
  }

  private compoundType(letter: string): string | undefined {
    if (!/[ASTRQPOFDB]/.test(letter)) return undefined;
    this.at++;
    if (letter === 'A') return `[${this.type()}; ${this.constant()}]`;
    if (letter === 'S') return `[${this.type()}]`;
    if (letter === 'P') return `*const ${this.type()}`;
    if (letter === 'O') return `*mut ${this.type()}`;
    if (letter === 'B') return this.again(() => this.type());
    if (letter === 'T') return this.tuple();
    if (letter === 'F') return this.functionType();
    if (letter === 'D') return this.traits();
    if (this.take('L')) this.lifetime();
    return `&${letter === 'Q' ? 'mut ' : ''}${this.type()}`;
  }

  private tuple(): string {
    const all: string[] = [];
    while (!this.take('E')) all.push(this.type());
    return all.length === 1 ? `(${all[0]},)` : `(${all.join(', ')})`;
  }

  private functionType(): string {
    if (this.take('G')) this.base62();
    const isUnsafe = this.take('U');
    const abi = this.take('K')
      ? `extern "${this.take('C') ? 'C' : this.identifier().name.replace(/_/g, '-')}" `
      : '';
    const all: string[] = [];
    while (!this.take('E')) all.push(this.type());
    const returned = this.type();
    const result = returned === '()' ? '' : ` -> ${returned}`;
    return `${isUnsafe ? 'unsafe ' : ''}${abi}fn(${all.join(', ')})${result}`;
  }

  private traits(): string {
    if (this.take('G')) this.base62();
    const all: string[] = [];
    while (!this.take('E')) all.push(this.trait());
    this.want('L');
    this.lifetime();
    return `dyn ${all.join(' + ')}`;
  }

  private trait(): string {
    let text = this.path(false);
    while (this.take('p')) {
      const bound = `${this.identifier().name} = ${this.type()}`;
      text = text.endsWith('>') ? `${text.slice(0, -1)}, ${bound}>` : `${text}<${bound}>`;
    }
    return text;
  }

  private constant(): string {
    if (this.take('p')) return '_';
    if (this.take('B')) return this.deeper(() => this.again(() => this.constant()));
    const letter = this.next();
    const match = /^(n?)([\da-f]*)_/.exec(this.text.slice(this.at, this.at + 40));
    if (match === null || !/[a-z]/.test(letter) || 'def'.includes(letter)) throw new NotUnderstood();
    this.at += match[0].length;
    const value = BigInt(`0x0${match[2]}`);
    if (letter === 'b') return value === 0n ? 'false' : 'true';
    if (letter === 'c') return `'${character(match[2])}'`;
    return `${match[1] === '' ? '' : '-'}${value}`;
  }

  private identifier(): { readonly name: string; readonly number: number } {
    const number = this.disambiguator();
    const match = /^(u?)(0|[1-9]\d{0,4})_?/.exec(this.text.slice(this.at, this.at + 8));
    if (match === null || match[1] === 'u') throw new NotUnderstood();
    const from = this.at + match[0].length;
    this.at = from + Number(match[2]);
    if (this.at > this.text.length) throw new NotUnderstood();
    return { name: this.repeated(this.text.slice(from, this.at)), number };
  }

  private disambiguator(): number {
    return this.take('s') ? this.base62() + 1 : 0;
  }

  /** `_` is 0, `0_` is 1. */
  private base62(): number {
    const match = /^([\da-zA-Z]{0,13})_/.exec(this.text.slice(this.at, this.at + 14));
    if (match === null) throw new NotUnderstood();
    this.at += match[0].length;
    if (match[1] === '') return 0;
    const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
    return [...match[1]].reduce((sum, digit) => 62 * sum + digits.indexOf(digit), 0) + 1;
  }

  /** What stands at an earlier place. */
  private again(read: () => string): string {
    const before = this.at - 1;
    const place = this.base62();
    if (place >= before) throw new NotUnderstood();
    const after = this.at;
    this.at = place;
    const found = read();
    this.at = after;
    return found;
  }

  private next(): string {
    const letter = this.text[this.at++];
    if (letter === undefined) throw new NotUnderstood();
    return letter;
  }
}
