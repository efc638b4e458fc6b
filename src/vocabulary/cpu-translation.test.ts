import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translationOf } from './cpu-translation.js';
import { USUAL_TRANSLATION } from './translation.js';
import { GEOMETRY_4K, MIB, pageGeometry } from './units.js';

const x86 = (vendor: string, family: number, model: number) =>
  `processor\t: 0\nvendor_id\t: ${vendor}\ncpu family\t: ${family}\nmodel\t\t: ${model}\nmodel name\t: some 85\n\n`;
const arm = (implementer: string, part: string) =>
  `processor\t: 0\nCPU implementer\t: ${implementer}\nCPU part\t: ${part}\n\n`;

const short = (cpuinfo: string, geometry = GEOMETRY_4K) => {
  const { entries, hugeEntries, runPages, runBy } = translationOf(cpuinfo, geometry);
  return [entries, hugeEntries, runPages, runBy];
};

test('TLB sizes and runs go by the CPU', () => {
  assert.deepEqual(short(x86('AuthenticAMD', 25, 1)), [2048, 2048, 4, 'physical']);
  assert.deepEqual(short(x86('AuthenticAMD', 25, 17)), [3072, 3072, 4, 'physical']);
  assert.deepEqual(short(x86('AuthenticAMD', 25, 0x21)), [2048, 2048, 4, 'physical']);
  assert.deepEqual(short(x86('AuthenticAMD', 26, 2)), [4096, 4096, 4, 'physical']);
  assert.deepEqual(short(x86('GenuineIntel', 6, 85)), [1536, 1536, 1, 'none']);
  assert.deepEqual(short(x86('GenuineIntel', 6, 143)), [2048, 1024, 1, 'none']);
  assert.deepEqual(short(arm('0x41', '0xd0c')), [1280, 1280, 16, 'contiguous-bit']);
});

test('Of an unknown CPU usual figures are assumed, and it is said', () => {
  for (const text of ['', x86('AuthenticAMD', 21, 2), x86('GenuineIntel', 6, 1), x86('Other', 1, 1)]) {
    assert.deepEqual(translationOf(text, GEOMETRY_4K), USUAL_TRANSLATION);
  }
  assert.match(USUAL_TRANSLATION.basis, /assumed/);
  assert.deepEqual(short(arm('0x61', '0x22')), [1536, 1536, 16, 'contiguous-bit']);
});

test('Runs of the contiguous bit have 2 MiB with larger pages', () => {
  assert.deepEqual(short(arm('0x41', '0xd0c'), pageGeometry(16384, 32 * MIB))[2], 128);
  assert.deepEqual(short(arm('0x41', '0xd0c'), pageGeometry(65536, 512 * MIB))[2], 32);
});
