/** Whole-file compression: cut, damaged and malicious input ends with a code, in bounded memory. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { measuredRun } from '../support/measured-run.js';
import { PerfBuilder } from '../support/perf-builder.js';
import { xorshift } from '../support/random.js';
import { octavo } from './in-process.js';

const directory = mkdtempSync(join(tmpdir(), 'octavo-packed-'));
after(() => rmSync(directory, { recursive: true }));
const at = (name: string) => join(directory, name);

const MIB = 2 ** 20;
const PROGRAMS = ['gzip', 'xz', 'zstd'] as const;

function recording(): Uint8Array {
  const builder = new PerfBuilder().attr({ sampleType: F.tid | F.time | F.addr });
  builder.comm(7, 7, 'db').mmap2(7, 0x7f0000000000n, 0x800000n, '//anon');
  for (let number = 0; number < 400; number++)
    builder.sample({
      pid: 7,
      time: BigInt(number),
      addr: 0x7f0000000000n + BigInt((number * 7919) % 2048) * 4096n,
    });
  return builder.file();
}

const lines = Array.from({ length: 300 }, (_, number) => `db 7/7 [001] 1.${String(number).padStart(9, '0')}: 1 page-faults: ${(0x7f0000000000 + number * 4096).toString(16)}\n`); // biome-ignore format: one text
const trace = lines.map((_, number) => ` kdamond.0-77 [001] ..... ${(100 + number / 10).toFixed(6)}: damon_aggregated: target_id=0 nr_regions=1 0-4096000: ${number % 7} ${number}\n`); // biome-ignore format: one text
const SEEDS = {
  recording: recording(),
  script: Buffer.from(lines.join('')),
  trace: Buffer.from(trace.join('')),
};

function packed(program: (typeof PROGRAMS)[number], bytes: Uint8Array): Uint8Array | undefined {
  if (program === 'gzip') return gzipSync(bytes);
  const ended = spawnSync(program, ['-c'], { input: bytes, maxBuffer: 1 << 28 });
  return ended.status === 0 ? ended.stdout : undefined;
}

/** Reads a file; samples or regions of it, or the code of the refusal. */
async function outcome(bytes: Uint8Array): Promise<{ readonly found: number; readonly refused: string }> {
  writeFileSync(at('input'), bytes);
  const { stdout, stderr } = await octavo(['import', at('input'), '--page-size', '4K', '--json']);
  const document = JSON.parse(stdout || '{}');
  assert.ok(!/this is a bug|INTERNAL/i.test(stdout + stderr), stderr);
  if (document.code !== undefined) return { found: 0, refused: document.code };
  return { found: document.samples + document.regions, refused: '' };
}

for (const program of PROGRAMS) {
  for (const [name, seed] of Object.entries(SEEDS)) {
    const bytes = packed(program, seed);
    test(`${program} of a ${name}: whole it is read, cut or damaged it is told`, {
      skip: bytes === undefined && `${program} is not installed`,
    }, async () => {
      assert.ok(bytes !== undefined);
      const whole = await outcome(bytes);
      assert.deepEqual(whole, { found: name === 'recording' ? 400 : 300, refused: '' });
      const draw = xorshift(7);
      for (let number = 0; number < 25; number++) {
        const cut = await outcome(bytes.subarray(0, 1 + (draw() % (bytes.length - 1))));
        assert.notEqual(cut.refused, '', 'what is cut is never taken for whole');
        const damaged = bytes.slice();
        for (let i = draw() % 3; i >= 0; i--) damaged[draw() % damaged.length] ^= 1 << (draw() & 7);
        const { found, refused } = await outcome(damaged);
        assert.ok(refused !== '' || found <= whole.found, `${found}`);
      }
    });
  }
}

test('bombs end with a code and within memory, whatever they unpack to', () => {
  const zeros = Buffer.alloc(200 * MIB);
  const text = Buffer.alloc(100 * MIB, ' ');
  text.write('[');
  const head = Buffer.concat([Buffer.from(SEEDS.recording), zeros]);
  for (const program of PROGRAMS) {
    for (const [name, unpacked] of [
      ['zeros', zeros],
      ['text', text],
      ['recording', head],
    ] as const) {
      // xz packs slowly, and what comes out of it goes the same way.
      if (program !== 'gzip' && name !== 'zeros') continue;
      const bytes = packed(program, unpacked);
      if (bytes === undefined) continue;
      assert.ok(bytes.length < 2 * MIB);
      writeFileSync(at('bomb'), bytes);
      const { code, err, mib } = measuredRun(['import', at('bomb'), '--page-size', '4K']);
      assert.equal(code, name === 'recording' ? 0 : 3, `${program} ${name}: ${err}`);
      assert.ok(mib < 350, `${program} ${name}: ${mib} MiB`);
    }
  }
});
