/** Letters of the Itanium C++ ABI (itanium-cxx-abi.github.io, 5.1). */

/** Types of one letter. */
export const BUILTIN_TYPES: Readonly<Record<string, string>> = {
  ...{ v: 'void', w: 'wchar_t', b: 'bool', c: 'char', a: 'signed char', h: 'unsigned char' },
  ...{ s: 'short', t: 'unsigned short', i: 'int', j: 'unsigned int', l: 'long', m: 'unsigned long' },
  ...{ x: 'long long', y: 'unsigned long long', n: '__int128', o: 'unsigned __int128' },
  ...{ f: 'float', d: 'double', e: 'long double', g: '__float128', z: '...' },
};

/** Behind a D. */
export const LATER_TYPES: Readonly<Record<string, string>> = {
  ...{ n: 'decltype(nullptr)', i: 'char32_t', s: 'char16_t', u: 'char8_t', a: 'auto', c: 'decltype(auto)' },
};

/** Behind an S. */
export const STANDARD_NAMES: Readonly<Record<string, string>> = {
  ...{ t: 'std', a: 'std::allocator', b: 'std::basic_string', s: 'std::string' },
  ...{ i: 'std::istream', o: 'std::ostream', d: 'std::iostream' },
};

/** What a constructor of them is called. */
export const STANDARD_CLASSES: Readonly<Record<string, string>> = {
  ...{ 'std::string': 'basic_string', 'std::istream': 'basic_istream' },
  ...{ 'std::ostream': 'basic_ostream', 'std::iostream': 'basic_iostream' },
};

/** What follows `operator`, by two letters. */
export const OPERATORS: Readonly<Record<string, string>> = {
  ...{ nw: ' new', na: ' new[]', dl: ' delete', da: ' delete[]', aw: ' co_await' },
  ...{ ps: '+', ng: '-', ad: '&', de: '*', co: '~', pl: '+', mi: '-', ml: '*', dv: '/', rm: '%' },
  ...{ an: '&', or: '|', eo: '^', aS: '=', pL: '+=', mI: '-=', mL: '*=', dV: '/=', rM: '%=' },
  ...{ aN: '&=', oR: '|=', eO: '^=', ls: '<<', rs: '>>', lS: '<<=', rS: '>>=', eq: '==', ne: '!=' },
  ...{ lt: '<', gt: '>', le: '<=', ge: '>=', ss: '<=>', nt: '!', aa: '&&', oo: '||', pp: '++', mm: '--' },
  ...{ cm: ',', pm: '->*', pt: '->', cl: '()', ix: '[]', qu: '?' },
};

/** Behind `_ZT` and `_ZG`: what the name is of. */
export const SPECIAL_NAMES: Readonly<Record<string, string>> = {
  ...{ TV: 'vtable for', TT: 'VTT for', TI: 'typeinfo for', TS: 'typeinfo name for' },
  ...{ GV: 'guard variable for', TW: 'TLS wrapper function for', TH: 'TLS init function for' },
};

/** Behind literals, by the letter of their type. */
export const LITERAL_ENDS: Readonly<Record<string, string>> = {
  ...{ i: '', j: 'u', l: 'l', m: 'ul', x: 'll', y: 'ull' },
};
