import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Scenario } from '../scenario.js';
import type { Stage } from '../stage.js';

/** From dist/test/conformance/scenarios to the project's folder, in a guest as here. */
const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
export const CORPUS = 'test/fixtures/perf/drawn-spe';
/** Of several CPUs and patterns, and short. */
const SIMULATED = ['sequential', 'stairs', 't1-blind-spot'];
/** The machine that the corpus was drawn for, said so that no row depends on the one that reads it. */
const RECORDED_ON = ['--page-size', '4K', '--block-size', '2M'];
/** The end of a recording without a clock is its file's time: not what is read, but when it was copied. */
const FILE_TIME = /"toMs": [\d.]+/g;

/** What says nothing of the machine that it runs on has to be the same bytes on all of them. */
export const sameBytes: Scenario = {
  name: 'same-bytes',
  says: 'digests of what `simulate` prints for three scenarios, and `import` for each recording of the Arm SPE corpus',
  short: false,
  everywhereAlike: true,
  run: digests,
  expected: () => ({}),
};

async function digests({ octavo }: Stage) {
  const rows: Record<string, string> = {};
  for (const name of SIMULATED) rows[`simulate ${name}`] = await digestOf(['simulate', name, '--json']);
  for (const name of recordings()) {
    const words = ['import', `${ROOT}${CORPUS}/${name}`, ...RECORDED_ON, '--json'];
    rows[`import ${name}`] = await digestOf(words);
  }
  return rows;

  async function digestOf(words: readonly string[]): Promise<string> {
    const { code, out, err } = await octavo(words);
    if (code !== 0) return `exit code ${code}: ${err.trim()}`;
    return createHash('sha256')
      .update(out.replaceAll(ROOT, '').replace(FILE_TIME, ''))
      .digest('hex')
      .slice(0, 16);
  }
}

const recordings = () =>
  readdirSync(`${ROOT}${CORPUS}`)
    .filter((name) => name.endsWith('.data'))
    .sort();
