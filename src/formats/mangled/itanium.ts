/**
 * Names of C++ as compilers of Linux write them (Itanium C++ ABI), for people: without parameters and return type, as
 * perf shows them. What is not understood (expressions, rare kinds of types) is left as it was: a wrong name is worse
 * than a mangled one.
 */
import {
  BUILTIN_TYPES,
  LATER_TYPES,
  LITERAL_ENDS,
  OPERATORS,
  SPECIAL_NAMES,
  STANDARD_CLASSES,
  STANDARD_NAMES,
} from './itanium-tables.js';
import {
  halves,
  lastPart,
  plain,
  pointing,
  qualified,
  type Type,
  textOf,
  withArguments,
} from './itanium-types.js';
import { MangledText, NotUnderstood, understood } from './mangled-text.js';

interface Name {
  readonly text: string;
  /** Ends with arguments of a template, whose functions say their return type. */
  readonly isTemplate: boolean;
  /** Constructors, destructors and conversions have no return type. */
  readonly hasNoReturn: boolean;
}

/** Undefined when it is no mangled name, or one that is not understood. */
export function itaniumName(mangled: string): string | undefined {
  const body = /^_?_Z([\w$.]+)$/.exec(mangled)?.[1];
  if (body === undefined) return undefined;
  const reader = new Reader(body);
  return understood(() => reader.whole() + reader.clones());
}

class Reader extends MangledText {
  private readonly known: string[] = [];
  /** Of the template that was named last. */
  private templateArguments: readonly string[] = [];

  whole(): string {
    const special = SPECIAL_NAMES[this.text.slice(0, 2)];
    if (special !== undefined) {
      this.at = 2;
      return `${special} ${this.text[0] === 'T' && /[VTIS]/.test(this.text[1]) ? textOf(this.type()) : this.name().text}`;
    }
    const thunk = /^T(?:h(n?\d+)|v(n?\d+)_(n?\d+))_/.exec(this.text);
    if (thunk !== null) {
      this.at = thunk[0].length;
      return `${thunk[1] === undefined ? 'virtual' : 'non-virtual'} thunk to ${this.name().text}`;
    }
    if (/^[TG]/.test(this.text)) throw new NotUnderstood();
    return this.name().text;
  }

  /** Parts that the compiler made of the function: ` [clone .cold]`. */
  clones(): string {
    const from = this.text.indexOf('.', this.at);
    const parts = from < 0 ? [] : (this.text.slice(from).match(/\.[a-z_]+(?:\.\d+)*|\.\d+/gi) ?? []);
    return parts.map((part) => ` [clone ${part}]`).join('');
  }

  /** A name within another one: with its parameters. */
  private encoding(): string {
    const { text, isTemplate, hasNoReturn } = this.name();
    if (this.isAt('E') || this.at >= this.text.length) return text;
    // What functions of templates return comes first.
    if (isTemplate && !hasNoReturn) this.type();
    return `${text}(${this.parameters()})`;
  }

  private parameters(): string {
    const all: string[] = [];
    while (!/^[RO]?E|^$/.test(this.text.slice(this.at, this.at + 2))) all.push(textOf(this.type()));
    return all.length === 1 && all[0] === 'void' ? '' : all.filter((each) => each !== '').join(', ');
  }

  private name(): Name {
    return this.deeper(() => this.anyName());
  }

  private anyName(): Name {
    if (this.take('N')) return this.nested();
    if (this.take('Z')) return this.local();
    this.take('L');
    const isSubstitution = this.isAt('S') && !this.isAt('St');
    const base = this.take('St')
      ? `std::${this.unqualified('')}`
      : isSubstitution
        ? this.substitution()
        : this.unqualified('');
    const hasNoReturn = base.startsWith('operator ') && !/^operator (new|delete|co_await)/.test(base);
    if (!this.isAt('I')) return { text: base, isTemplate: false, hasNoReturn };
    if (!isSubstitution) this.known.push(base);
    return { text: withArguments(base, this.arguments()), isTemplate: true, hasNoReturn };
  }

  private nested(): Name {
    while (/[rVK]/.test(this.peek())) this.at++;
    if (/[RO]/.test(this.peek())) this.at++;
    let [text, isTemplate, hasNoReturn] = ['', false, false];
    while (!this.take('E')) {
      this.step();
      const before = this.known.length;
      const wasSubstitution = this.isAt('S');
      isTemplate = this.isAt('I');
      if (!isTemplate) hasNoReturn = /^(C[1-5]|D[0-5]|cv)/.test(this.text.slice(this.at, this.at + 2));
      text = this.prefix(text);
      // The whole name is known as a type only, and what was known is not known anew.
      if (!this.isAt('E') && !wasSubstitution) this.known.push(text);
      else if (wasSubstitution && this.known.length < before) throw new NotUnderstood();
    }
    return { text, isTemplate, hasNoReturn };
  }

  private prefix(before: string): string {
    if (this.isAt('I')) return withArguments(before, this.arguments());
    if (this.isAt('S') && before === '') return this.take('St') ? 'std' : this.substitution();
    if (this.isAt('T') && before === '') return this.templateParameter();
    if (before === '') return this.unqualified('');
    if (this.take('M')) return before;
    return `${before}::${this.unqualified(before)}`;
  }

  /** `within`: the class that constructors and destructors are of. */
  private unqualified(within: string): string {
    this.take('L');
    let name: string;
    if (/\d/.test(this.peek())) name = this.sourceName();
    else if (/^C[1-5]/.test(this.text.slice(this.at, this.at + 2))) name = this.special(within, '');
    else if (/^D[0-5]/.test(this.text.slice(this.at, this.at + 2))) name = this.special(within, '~');
    else if (this.take('Ul')) name = this.lambda();
    else if (this.take('Ut')) name = `{unnamed type#${this.ordinal()}}`;
    else name = this.operator();
    while (this.take('B')) name += `[abi:${this.sourceName()}]`;
    return name;
  }

  private special(within: string, sign: string): string {
    this.at += 2;
    const own = STANDARD_CLASSES[within] ?? lastPart(within);
    if (own === '') throw new NotUnderstood();
    return sign + this.repeated(own);
  }

  private lambda(): string {
    const parameters = this.parameters();
    this.want('E');
    return `{lambda(${parameters})#${this.ordinal()}}`;
  }

  /** `_` is the first, `0_` the second. */
  private ordinal(): number {
    const match = /^(\d*)_/.exec(this.text.slice(this.at, this.at + 12));
    if (match === null) throw new NotUnderstood();
    this.at += match[0].length;
    return match[1] === '' ? 1 : Number(match[1]) + 2;
  }

  private operator(): string {
    const code = this.text.slice(this.at, this.at + 2);
    this.at += 2;
    if (code === 'cv') return `operator ${textOf(this.type())}`;
    if (code === 'li') return `operator"" ${this.sourceName()}`;
    const sign = OPERATORS[code];
    if (sign === undefined) throw new NotUnderstood();
    return `operator${sign}`;
  }

  private sourceName(): string {
    const match = /^\d{1,5}/.exec(this.text.slice(this.at, this.at + 6));
    if (match === null) throw new NotUnderstood();
    const [digits] = match;
    const from = this.at + digits.length;
    this.at = from + Number(digits);
    if (this.at > this.text.length || Number(digits) === 0) throw new NotUnderstood();
    const name = this.text.slice(from, this.at);
    return /^_GLOBAL_[._$]N/.test(name) ? '(anonymous namespace)' : name;
  }

  private local(): Name {
    const outer = this.encoding();
    this.want('E');
    if (this.take('s')) {
      this.discriminator();
      return { text: `${outer}::string literal`, isTemplate: false, hasNoReturn: false };
    }
    if (this.take('d')) this.ordinal();
    const { text, ...facts } = this.name();
    this.discriminator();
    return { text: `${outer}::${text}`, ...facts };
  }

  private discriminator(): void {
    const match = /^_(?:\d|_\d+_)/.exec(this.text.slice(this.at, this.at + 12));
    if (match !== null) this.at += match[0].length;
  }

  private substitution(): string {
    this.want('S');
    const standard = STANDARD_NAMES[this.peek()];
    if (standard !== undefined) {
      this.at++;
      return standard;
    }
    return this.indexed(this.known, 36);
  }

  private templateParameter(): string {
    this.want('T');
    return this.indexed(this.templateArguments, 10);
  }

  private indexed(list: readonly string[], radix: number): string {
    const match = /^([\dA-Z]*)_/.exec(this.text.slice(this.at, this.at + 8));
    if (match === null) throw new NotUnderstood();
    this.at += match[0].length;
    const index = match[1] === '' ? 0 : Number.parseInt(match[1], radix) + 1;
    const found = list[index];
    if (found === undefined) throw new NotUnderstood();
    return this.repeated(found);
  }

  private arguments(): string {
    this.want('I');
    const all: string[] = [];
    while (!this.take('E')) all.push(this.argument());
    this.templateArguments = all;
    return all.filter((each) => each !== '').join(', ');
  }

  private argument(): string {
    return this.deeper(() => this.anyArgument());
  }

  private anyArgument(): string {
    if (this.take('L')) return this.literal();
    if (this.take('XadL_Z')) {
      const named = this.encoding();
      this.want('EE');
      return `&${named}`;
    }
    if (this.isAt('X')) throw new NotUnderstood();
    if (!this.take('J')) return textOf(this.type());
    const pack: string[] = [];
    while (!this.take('E')) pack.push(this.argument());
    return pack.join(', ');
  }

  private literal(): string {
    if (this.take('_Z')) {
      const named = this.encoding();
      this.want('E');
      return named;
    }
    const letter = this.peek();
    const type = textOf(this.type());
    const match = /^(n?)(\d+)E/.exec(this.text.slice(this.at));
    if (match === null) throw new NotUnderstood();
    this.at += match[0].length;
    const value = `${match[1] === '' ? '' : '-'}${match[2]}`;
    if (letter === 'b') return value === '0' ? 'false' : 'true';
    const end = LITERAL_ENDS[letter];
    return end === undefined ? `(${type})${value}` : value + end;
  }

  private type(): Type {
    return this.deeper(() => this.anyType());
  }

  private anyType(): Type {
    const letter = this.peek();
    const builtin = BUILTIN_TYPES[letter];
    if (builtin !== undefined) {
      this.at++;
      return plain(builtin);
    }
    if (letter === 'D') return this.laterType();
    if (letter === 'S' || letter === 'T') return this.knownType();
    const made = this.compoundType(letter) ?? plain(this.name().text);
    this.known.push(textOf(made));
    return made;
  }

  private compoundType(letter: string): Type | undefined {
    const qualifiers = /^[rVK]+/.exec(this.text.slice(this.at, this.at + 3))?.[0];
    if (qualifiers !== undefined) {
      this.at += qualifiers.length;
      return qualified(this.type(), qualifiers);
    }
    if (!/[PROFAM]/.test(letter)) return undefined;
    this.at++;
    if (letter === 'P') return pointing(this.type(), '*');
    if (letter === 'R') return pointing(this.type(), '&');
    if (letter === 'O') return pointing(this.type(), '&&');
    if (letter === 'F') return this.functionType();
    if (letter === 'A') return this.arrayType();
    const ofClass = textOf(this.type());
    return pointing(this.type(), `${ofClass}::*`);
  }

  private functionType(): Type {
    this.take('Y');
    const returned = textOf(this.type());
    const parameters = this.parameters();
    const side = this.take('R') ? ' &' : this.take('O') ? ' &&' : '';
    this.want('E');
    return { left: `${returned} `, right: `(${parameters})${side}` };
  }

  private arrayType(): Type {
    const match = /^(\d*)_/.exec(this.text.slice(this.at, this.at + 24));
    if (match === null) throw new NotUnderstood();
    this.at += match[0].length;
    const { left, right } = this.type();
    return { left: right === '' ? `${left} ` : left, right: `[${match[1]}]${right}` };
  }

  private laterType(): Type {
    if (this.take('Dp')) return this.type();
    const found = LATER_TYPES[this.text[this.at + 1] ?? ''];
    if (found === undefined) throw new NotUnderstood();
    this.at += 2;
    return plain(found);
  }

  private knownType(): Type {
    const isStandard = this.isAt('St');
    if (isStandard) {
      const { text } = this.name();
      this.known.push(text);
      return plain(text);
    }
    const isParameter = this.isAt('T');
    const base = isParameter ? this.templateParameter() : this.substitution();
    if (isParameter) this.known.push(base);
    if (!this.isAt('I')) return halves(base);
    const text = withArguments(base, this.arguments());
    this.known.push(text);
    return plain(text);
  }
}
