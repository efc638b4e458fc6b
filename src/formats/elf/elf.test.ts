import assert from 'node:assert/strict';
import { test } from 'node:test';
import { builtElf, FUNCTION, OBJECT } from '../../../test/support/elf-builder.js';
import { xorshift } from '../../../test/support/random.js';
import { readElf } from './file.js';
import { ElfSymbols } from './symbols.js';
import type { ReadPiece } from './words.js';

const readerOf =
  (bytes: Uint8Array): ReadPiece =>
  (offset, size) =>
    bytes.subarray(Math.min(offset, bytes.length), Math.min(offset + size, bytes.length));

const BUILD_ID = Uint8Array.from({ length: 20 }, (_, at) => 16 * (at + 1));

const SEGMENTS = [
  { offset: 0, address: 0x10000, fileBytes: 0x1800, flags: 5 },
  { offset: 0x1800, address: 0x12800, fileBytes: 0x400, memoryBytes: 0x9000, flags: 6 },
];

const SYMBOLS = [
  { name: 'late', value: 0x10400, size: 0x100 },
  { name: 'early', value: 0x10100, size: 0x40 },
  { name: 'outer', value: 0x10200, size: 0x100 },
  { name: 'inner', value: 0x10210, size: 0x10 },
  { name: 'unsized', value: 0x10600 },
  { name: 'elsewhere', value: 0x10700, size: 8, section: 0 },
  { name: 'table', value: 0x12800, size: 0x200, type: OBJECT },
  { name: 'zeros', value: 0x13000, size: 0x8000, type: OBJECT },
  { name: 'template', value: 0x12900, size: 8, type: 6 },
];

const KINDS = [true, false].flatMap((is64) => [true, false].map((isBigEndian) => ({ is64, isBigEndian })));

/** `name+offset` of an address. */
function nameAt(symbols: ElfSymbols, address: number): string {
  const at = symbols.indexOf(address);
  return at < 0 ? '' : `${symbols.nameOf(at)}+${address - symbols.startOf(at)}`;
}

for (const kind of KINDS) {
  const words = `${kind.is64 ? 64 : 32} bits, ${kind.isBigEndian ? 'big' : 'little'} endian`;

  test(`segments, sections and build id of a file of ${words}`, () => {
    const sections = [{ name: '.bss', address: 0x13000, bytes: 0x8000 }];
    for (const countsInSection of [false, true]) {
      const bytes = builtElf({ ...kind, segments: SEGMENTS, symbols: SYMBOLS, sections, buildId: BUILD_ID, countsInSection, machine: 183 }); // biome-ignore format: one file
      const elf = readElf(readerOf(bytes));
      assert.ok(elf !== undefined);
      assert.deepEqual([elf.is64, elf.isBigEndian, elf.machine], [kind.is64, kind.isBigEndian, 183]);
      assert.deepEqual(elf.segments, [
        { ...SEGMENTS[0], memoryBytes: 0x1800, isExecutable: true, isWritable: false, flags: undefined },
        { ...SEGMENTS[1], isExecutable: false, isWritable: true, flags: undefined },
      ].map(({ flags: _, ...segment }) => segment)); // biome-ignore format: as built
      assert.equal(elf.buildId, Buffer.from(BUILD_ID).toString('hex'));
      assert.deepEqual(
        elf.sections.map(({ name }) => name),
        ['', '.symtab', '.strtab', '.bss', '.note.gnu.build-id', '.shstrtab'],
      );
      assert.deepEqual([elf.sections[3].address, elf.sections[3].bytes], [0x13000, 0x8000]);
    }
  });

  test(`an address is of the innermost symbol of its use around it, ${words}`, () => {
    const read = readerOf(builtElf({ ...kind, symbols: SYMBOLS }));
    const elf = readElf(read);
    assert.ok(elf !== undefined);
    const code = new ElfSymbols(read, elf, 'code');
    const data = new ElfSymbols(read, elf, 'data');
    assert.deepEqual([code.count, data.count, code.ignored], [5, 2, 0]);
    const asked = [
      0x100ff, 0x10100, 0x1013f, 0x10140, 0x10205, 0x10212, 0x10230, 0x104ff, 0x10500, 0x10600, 0x99999,
    ];
    assert.deepEqual(
      asked.map((address) => nameAt(code, address)),
      [
        '',
        'early+0',
        'early+63',
        '',
        'outer+5',
        'inner+2',
        'outer+48',
        'late+255',
        '',
        'unsized+0',
        `unsized+${0x99999 - 0x10600}`,
      ],
    );
    assert.deepEqual(
      [0x12800, 0x129ff, 0x12a00, 0x13000, 0x1afff, 0x1b000].map((address) => nameAt(data, address)),
      ['table+0', 'table+511', '', 'zeros+0', 'zeros+32767', ''],
    );
  });
}

test('a stripped file is named by its dynamic symbols, one with symbols by these', () => {
  const dynamic = [{ name: 'exported', value: 0x1000, size: 16 }];
  const own = [{ name: 'own', value: 0x1000, size: 16 }];
  for (const [built, expected] of [
    [{ dynamic }, 'exported+3'],
    [{ dynamic, symbols: own }, 'own+3'],
    [{}, ''],
  ] as const) {
    const read = readerOf(builtElf(built));
    const elf = readElf(read);
    assert.ok(elf !== undefined);
    assert.equal(nameAt(new ElfSymbols(read, elf, 'code'), 0x1003), expected);
    assert.equal(elf.buildId, '');
  }
});

test('of symbols at one address the longest is told, and Thumb code begins at an even one', () => {
  const symbols = [
    { name: 'short', value: 0x2000, size: 4 },
    { name: 'long', value: 0x2000, size: 64 },
    { name: 'alias', value: 0x2000 },
    { name: 'thumb', value: 0x3001, size: 8, type: FUNCTION },
  ];
  const read = readerOf(builtElf({ is64: false, machine: 40, symbols }));
  const elf = readElf(read);
  assert.ok(elf !== undefined);
  const code = new ElfSymbols(read, elf, 'code');
  assert.deepEqual(
    [nameAt(code, 0x2002), nameAt(code, 0x2020), nameAt(code, 0x3000)],
    ['long+2', 'long+32', 'thumb+0'],
  );
  const elsewhere = readerOf(builtElf({ is64: false, machine: 3, symbols }));
  const other = readElf(elsewhere);
  assert.ok(other !== undefined);
  assert.equal(nameAt(new ElfSymbols(elsewhere, other, 'code'), 0x3001), 'thumb+0');
});

test('of aliases the exported one is told', () => {
  const alias = (name: string, binding: number) => ({ name, value: 0x2000, size: 16, binding });
  for (const [bindings, expected] of [
    [[0, 1, 2], 'b'],
    [[1, 0, 2], 'a'],
    [[0, 2, 0], 'b'],
    [[0, 0, 0], 'a'],
  ] as const) {
    const read = readerOf(builtElf({ symbols: bindings.map((binding, at) => alias('abc'[at], binding)) }));
    const elf = readElf(read);
    assert.ok(elf !== undefined);
    assert.equal(nameAt(new ElfSymbols(read, elf, 'code'), 0x2001), `${expected}+1`);
  }
});

test('addresses that no double holds are no symbols', () => {
  const read = readerOf(builtElf({ symbols: [{ name: 'far', value: 0xffffffff81000000n, size: 16 }, { name: 'near', value: 64, size: 16 }] })); // biome-ignore format: one file
  const elf = readElf(read);
  assert.ok(elf !== undefined);
  assert.equal(new ElfSymbols(read, elf, 'code').count, 1);
});

test('what is no ELF file, or another version of it, is none', () => {
  const good = builtElf({});
  for (const bytes of [
    new Uint8Array(0),
    good.subarray(0, 15),
    good.subarray(0, 40),
    Buffer.from('#!/bin/sh\nexec true\n'),
  ])
    assert.equal(readElf(readerOf(bytes)), undefined);
  for (const [at, value] of [
    [0, 0],
    [4, 3],
    [4, 0],
    [5, 0],
    [5, 3],
  ]) {
    const bytes = good.slice();
    bytes[at] = value;
    assert.equal(readElf(readerOf(bytes)), undefined, `byte ${at}`);
  }
});

/** Reads all that can be read of a file; counts the bytes that it asked for. */
function readAll(bytes: Uint8Array): number {
  let asked = 0;
  const read: ReadPiece = (offset, size) => {
    const piece = readerOf(bytes)(offset, size);
    asked += piece.length;
    return piece;
  };
  const elf = readElf(read);
  if (elf === undefined) return asked;
  for (const use of ['code', 'data'] as const) {
    const symbols = new ElfSymbols(read, elf, use);
    for (let at = 0; at < Math.min(symbols.count, 50); at++) symbols.nameOf(at);
    for (const address of [0, 0x10212, 0x13000, 2 ** 40]) symbols.indexOf(address);
  }
  return asked;
}

test('damaged and cut files give what is there: no exception, and little is read', () => {
  const sections = [{ name: '.bss', address: 0x13000, bytes: 0x8000 }];
  const seeds = KINDS.map((kind) =>
    builtElf({
      ...kind,
      segments: SEGMENTS,
      symbols: SYMBOLS,
      dynamic: SYMBOLS,
      sections,
      buildId: BUILD_ID,
    }),
  );
  for (const seed of seeds)
    for (let length = 0; length < seed.length; length += 7) readAll(seed.subarray(0, length));
  const draw = xorshift(12);
  for (let number = 0; number < 4000; number++) {
    const bytes = seeds[draw() % seeds.length].slice();
    const values = [0, 1, 0x7f, 0x80, 0xff, draw() & 255];
    for (let i = draw() % 6; i >= 0; i--)
      bytes[draw() % (draw() % 2 === 0 ? 64 : bytes.length)] = values[draw() % values.length];
    assert.ok(readAll(bytes) < 400 * bytes.length, `case ${number}`);
  }
});
