import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertGolden } from '../../../test/support/golden.js';
import {
  type Kernel,
  kernelHost,
  kernelOfArm64,
  kernelUnderLockdown,
  kernelWithEverything,
  kernelWithoutScan,
  kernelWithoutThp,
} from '../../../test/support/kernels.js';
import fc from '../../../test/support/properties.js';
import { terminalOn } from '../../../test/support/terminal.js';
import { probeFeatures } from '../../host/features/features.js';
import { FEATURES_VERSION } from '../../vocabulary/abilities.js';
import { wrap } from '../print/wrap.js';
import { doctorText } from './layout.js';
import { doctorSections } from './sections.js';

const KERNELS: Record<string, () => Kernel> = {
  everything: kernelWithEverything,
  'without-thp': kernelWithoutThp,
  'under-lockdown': kernelUnderLockdown,
  'without-scan': kernelWithoutScan,
  'arm64-64k': kernelOfArm64,
};

describe('octavo doctor', () => {
  for (const [name, kernel] of Object.entries(KERNELS)) {
    test(`${name}: as accepted`, async () => {
      const { code, out } = await doctor(kernel(), []);
      assert.equal(code, 0);
      assertGolden(`doctor/${name}.txt`, out);
    });
  }

  test('--json is the features themselves, versioned', async () => {
    const kernel = kernelUnderLockdown();
    const { code, out } = await doctor(kernel, ['--json']);
    assert.equal(code, 0);
    const document = JSON.parse(out);
    assert.equal(document.octavo, 'features');
    assert.equal(document.version, FEATURES_VERSION);
    assert.deepEqual(document, probeFeatures(kernelHost(kernel)));
  });
});

describe('the layout', () => {
  const sections = doctorSections(probeFeatures(kernelHost(kernelWithoutThp())));

  test('keeps every word whatever the width, and stays inside it where words allow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 240 }), (columns) => {
        const words = (text: string) =>
          text
            .split(/\s+/)
            .filter((word) => word !== 'needs')
            .join(' ');
        const text = doctorText(sections, columns);
        for (const { rows } of sections) {
          for (const { fact } of rows)
            for (const word of fact.split(' ')) assert.ok(words(text).includes(word), word);
        }
        if (columns >= 100) {
          for (const line of text.split('\n'))
            assert.ok(line.length <= columns || !line.trim().includes(' '), line);
        }
      }),
      { numRuns: 30 },
    );
  });

  test('wraps at spaces only and loses nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 }),
        fc.integer({ min: 1, max: 40 }),
        (words, width) => {
          const lines = wrap(words.join(' '), width);
          assert.equal(lines.join(' '), words.join(' '));
          for (const line of lines) assert.ok(line.length <= width || !line.includes(' '), line);
        },
      ),
    );
  });
});

async function doctor(kernel: Kernel, words: readonly string[]): Promise<{ code: number; out: string }> {
  const terminal = terminalOn(kernelHost(kernel));
  const code = await terminal.run(['doctor', ...words]);
  return { code, out: terminal.out() };
}
