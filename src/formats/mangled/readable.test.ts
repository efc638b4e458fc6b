import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { readable } from './readable.js';

/** As `c++filt -p` of binutils 2.40 has them. */
const CPP: Readonly<Record<string, string>> = {
  _ZN3foo3barEi: 'foo::bar',
  _Z3foov: 'foo',
  __Z3foov: 'foo',
  _ZNSt6vectorIiSaIiEE9push_backEOi: 'std::vector<int, std::allocator<int> >::push_back',
  _ZNKSt6vectorIPKcSaIS1_EE4sizeEv: 'std::vector<char const*, std::allocator<char const*> >::size',
  _ZN1AIPFivEEC1Ev: 'A<int (*)()>::A',
  _ZN1AIA3_iED2Ev: 'A<int [3]>::~A',
  _ZN1AIRA3_KcE1fEv: 'A<char const (&) [3]>::f',
  _ZN1AIM1BFivEE1fEv: 'A<int (B::*)()>::f',
  _ZN1AILi5ELb1ELin3ELm7EE1fEv: 'A<5, true, -3, 7ul>::f',
  _ZN1AIJidEE1fEv: 'A<int, double>::f',
  _ZN1AIOiE1fEv: 'A<int&&>::f',
  _ZN1A3fooIiEEvT_: 'A::foo<int>',
  _ZN1AcvbEv: 'A::operator bool',
  _ZN1AlsIiEERS_T_: 'A::operator<< <int>',
  _ZN1AixEm: 'A::operator[]',
  _ZN1AnwEm: 'A::operator new',
  _ZN12_GLOBAL__N_13fooEv: '(anonymous namespace)::foo',
  _ZZ4mainE3foo: 'main::foo',
  _ZZN3FooC1EvENKUlvE_clEv: 'Foo::Foo()::{lambda()#1}::operator()',
  _ZZN3FooC1EvENKUliE0_clEi: 'Foo::Foo()::{lambda(int)#2}::operator()',
  _ZN3FooUt_C1Ev: 'Foo::{unnamed type#1}::{unnamed type#1}',
  _ZNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEC1Ev:
    'std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string',
  _ZN3foo3barB5cxx11Ev: 'foo::bar[abi:cxx11]',
  _ZTV3Foo: 'vtable for Foo',
  _ZTSN1A1BE: 'typeinfo name for A::B',
  _ZGVZ4mainE3foo: 'guard variable for main::foo',
  '_ZN3foo3barEi.cold': 'foo::bar [clone .cold]',
  '_ZN3foo3barEi.part.0.cold': 'foo::bar [clone .part.0] [clone .cold]',
  _ZN1AIXadL_ZNS_1fEvEEE1gEv: 'A<&A::f()>::g',
};

const RUST: Readonly<Record<string, string>> = {
  _RNvC6_123foo3bar: '123foo::bar',
  _RNvMs_Cs4Cv8Wi1oAIB_7mycrateNtB4_7Example3foo: '<mycrate::Example>::foo',
  _RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE: 'std::mem::align_of::<std::mem::Discriminant>',
  _RNCNvC7mycrate4mains_0: 'mycrate::main::{closure#1}',
  _RNvXs1_NtC4core3fmtINtNtB5_6option6OptionReENtB5_5Debug3fmt:
    '<core::fmt::option::Option<&str> as core::fmt::Debug>::fmt',
  _RINvNtC4core3ptr10swap_chunkKj8_EC1t: 'core::ptr::swap_chunk::<8>',
  _ZN4core3fmt5Write9write_fmt17h0123456789abcdefE: 'core::fmt::Write::write_fmt',
  '_ZN71_$LT$Test$u20$$u2b$$u20$$u27$static$u20$as$u20$foo..Bar$LT$Test$GT$$GT$3bar17h0123456789abcdefE':
    "<Test + 'static as foo::Bar<Test>>::bar",
};

/** No mangled names, cut ones, and what is not understood. */
const AS_THEY_ARE = ['main', '', '_Z', '_ZN', '_ZN9', '_ZN3foo', '_ZNS_1fEv', '_ZN1AIT_E1fEv', '_RNv', '_RNvB_3foo', '_RC9x',
  '_ZN1AIXsr1BE5valueEE1fEv', '_ZTC1A0_1B', '_Zqzz', '_R', `_Z${'N1A'.repeat(3000)}`]; // biome-ignore format: a list

test('names of C++ are told as binutils tells them without parameters', () => {
  for (const [mangled, name] of Object.entries(CPP)) assert.equal(readable(mangled), name, mangled);
  const found = spawnSync('c++filt', ['-p'], { input: `${Object.keys(CPP).join('\n')}\n`, encoding: 'utf8' });
  // Where there is none, and for what another release writes otherwise, the table stands.
  if (found.status !== 0) return;
  const agreeing = found.stdout
    .trim()
    .split('\n')
    .filter((name, at) => name === Object.values(CPP)[at]);
  assert.ok(agreeing.length >= 0.8 * Object.keys(CPP).length, found.stdout);
});

test('names of Rust are told without hashes and ids of crates', () => {
  for (const [mangled, name] of Object.entries(RUST)) assert.equal(readable(mangled), name, mangled);
});

test('what is no mangled name, or is not understood, stays as it is', () => {
  for (const name of AS_THEY_ARE) assert.equal(readable(name), name);
});

test('any text is answered, and soon', () => {
  const letters = [...'NZSTISJEKPROFAMDvilXLstUltC1D0BacGs_0123456789abRQ'];
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...letters), { maxLength: 60 }),
      fc.constantFrom('_Z', '_R', '_ZN', '_RNv'),
      (all, head) => {
        const started = performance.now();
        assert.equal(typeof readable(head + all.join('')), 'string');
        assert.ok(performance.now() - started < 5000);
      },
    ),
    { numRuns: 3000 },
  );
});

/** What doubles with each step, as a C++ name refers to what it has named: by number, by parameter, through a function. */
function doubling(steps: number): readonly string[] {
  const names = Array.from({ length: steps }, (_, at) => `S${(at + 1).toString(36).toUpperCase()}_`);
  return [
    `_Z1fI1AIiE${names.map((name) => `S0_I${name}${name}E`).join('')}EvT_`,
    `_ZN1xIPFivE${names.map((_, at) => `PF${(names[2 * at] ?? 'S1_').repeat(2)}E`).join('')}E1fEv`,
    `_ZN1xIiE${'1yIJT_T_EE'.repeat(steps)}E`,
  ];
}

test('names that refer to themselves, or nest without end, are left alone at once', () => {
  const deep = [
    `_Z${'Z'.repeat(4000)}1fv`,
    `_Z1fI${'J'.repeat(4000)}`,
    `_Z1fI${'L_Z1fI'.repeat(680)}`,
    `_RINvC1a1f${'R'.repeat(4000)}iE`,
    `_RINvC1a1fK${'B_'.repeat(2000)}E`,
  ];
  const long = [`_RINvC1a1fDC1b${'p1ci'.repeat(900)}EL_E`, `_RINvC1a1fTiiE${'TB7_B7_E'.repeat(500)}E`];
  const started = performance.now();
  for (const name of [...deep, ...long, ...[40, 60].flatMap(doubling)]) assert.equal(readable(name), name);
  assert.ok(performance.now() - started < 5000);
});

test('letters that a terminal obeys, and halves of letters, are not made of numbers', () => {
  const legacy = (code: string) => readable(`_ZN${code.length + 4}$u${code}$a17h0123456789abcdefE`);
  for (const code of ['1b', '7f', '9b', '202e', 'd800', '110000']) assert.equal(legacy(code), '?a', code);
  assert.equal(legacy('e9'), 'éa');
  assert.equal(readable('_RINvC1a1fKc9b_E'), "a::f::<'?'>");
});
