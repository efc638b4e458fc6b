import { DamonSlot } from '../../../src/damon/slot.js';
import { unmappedRanges } from '../../../src/damon/unmapped.js';
import {
  type AddressRange,
  type DamonContext,
  type DamosFilter,
  filterOf,
  NO_INTERVALS_GOAL,
  schemeOf,
} from '../../../src/vocabulary/damon.js';
import type { PageGeometry, PageRange } from '../../../src/vocabulary/units.js';
import { drawAdvice, drawBlocks, must, smapsKib } from '../measure.js';
import type { Rows, Scenario } from '../scenario.js';
import type { Stage, Workload } from '../stage.js';
import { QUIET, withThp } from '../thp-stage.js';

const BLOCKS = 32;
const PAD_BLOCKS = 32;
const WAIT_MS = 3000;

/** The two obvious ways to act on a range, and what they do instead: why Octavo gives every block a region of its own. */
export const damosTraps: Scenario = {
  name: 'damos-traps',
  says: 'one region for four blocks is cut through huge pages while all counts as applied; filters differ by release',
  short: false,
  run: (stage) => withThp(stage.host, { enabled: 'never', ...QUIET }, () => fallIntoBoth(stage)),
  expected: ({ collapseAction, exactAddressFilters }): Rows => ({
    ...(collapseAction
      ? {
          'one region of four blocks: drawn': 'H 0×2 H 0×28',
          'one region of four blocks: AnonHugePages': 4096,
          'one region of four blocks: applied bytes': 8388608,
        }
      : {}),
    'filter inside a region: marked': exactAddressFilters ? 'plain×10 hg×2 plain×20' : 'plain×32',
    'filter inside a region: tried': exactAddressFilters,
  }),
};

async function fallIntoBoth(stage: Stage): Promise<Rows> {
  const workload = await stage.startWorkload();
  const range = await workload.map(BLOCKS, 'anon');
  await workload.touch(range, 1);
  const filtered = await throughFilter(stage, workload, range);
  const cut = await throughOneRegion(stage, workload, range);
  await workload.end();
  return { ...cut, ...filtered };
}

/** DAMON cuts a region into at least nr_regions/min pieces, three of 2.7 MiB here. */
async function throughOneRegion(stage: Stage, workload: Workload, range: PageRange): Promise<Rows> {
  const { host } = stage;
  const { pid } = workload;
  const { geometry } = host.identity;
  const before = smapsKib(host, pid, range, 'AnonHugePages');
  const region = addresses(range, 0, 4, geometry);
  const applied = await runOnce(stage, 'collapse', contextOf(pid, [region], 'collapse', []));
  if (applied === undefined) return {};
  const what = 'one region of four blocks';
  return {
    [`${what}: drawn`]: drawBlocks(host, pid, range),
    [`${what}: AnonHugePages`]: smapsKib(host, pid, range, 'AnonHugePages') - before,
    [`${what}: applied bytes`]: applied.bytes,
  };
}

/**
 * Blocks 10 and 11 selected by a filter inside a region of blocks 8 to 15, beside two larger ones that map nothing.
 * What the filter cuts is so small that it is merged again at the next aggregation; up to 6.12 the part behind the
 * cut waits for the next pass, and there is none.
 */
async function throughFilter(stage: Stage, workload: Workload, range: PageRange): Promise<Rows> {
  const { host } = stage;
  const { pid } = workload;
  const { geometry } = host.identity;
  const address = addresses(range, 10, 12, geometry);
  const slot = await DamonSlot.open(host, { share: false });
  if (!slot.ok) throw new Error(slot.error.owner);
  const { coreFilters } = slot.value.features();
  await slot.value.close();
  // Before 6.14 a filter can only reject what it matches: everything but the range.
  const filter = coreFilters
    ? filterOf('addr', { matching: true, allow: true, address })
    : filterOf('addr', { matching: false, allow: false, address });
  const maps = must(host.files.readText(`/proc/${pid}/maps`));
  const size = BigInt(PAD_BLOCKS * geometry.blockBytes);
  const [pad] = unmappedRanges(maps, 1, geometry);
  const pads = [0n, 2n].map((at) => ({ start: pad.start + at * size, end: pad.start + (at + 1n) * size }));
  const regions = [addresses(range, 8, 16, geometry), ...pads].sort((one, other) =>
    one.start < other.start ? -1 : 1,
  );
  const context = contextOf(pid, regions, 'hugepage', [filter]);
  const applied = await runOnce(stage, 'hugepage', context);
  return {
    'filter inside a region: marked': drawAdvice(host, pid, range),
    'filter inside a region: tried': (applied?.tried ?? 0) > 0,
  };
}

function contextOf(
  pid: number,
  regions: readonly AddressRange[],
  action: string,
  filters: readonly DamosFilter[],
): DamonContext {
  return {
    operations: 'fvaddr',
    addressUnit: 1n,
    pause: false,
    intervals: { sampleUs: 50_000n, aggregationUs: 100_000n, updateUs: 60_000_000n, goal: NO_INTERVALS_GOAL },
    // With the most at the least nothing is split any further, so that what happens does not depend on chance.
    regions: { min: 3n, max: 3n },
    targets: [{ pid, regions, obsolete: false }],
    schemes: [schemeOf(action, { filters, maxSnapshots: 0n })],
  };
}

/** Lets a scheme run for a while; undefined when the kernel does not know the action. */
async function runOnce(
  { host, note }: Stage,
  action: string,
  context: DamonContext,
): Promise<{ tried: number; bytes: number } | undefined> {
  const slot = await DamonSlot.open(host, { share: false });
  if (!slot.ok) throw new Error(slot.error.owner);
  try {
    const limited = slot.value.features().snapshotLimit;
    const schemes = context.schemes.map((scheme) => ({ ...scheme, maxSnapshots: limited ? 1n : 0n }));
    const staged = await slot.value.stage({ ...context, schemes });
    if (!staged.ok && staged.error.errno === 'EINVAL' && action === 'collapse') return undefined;
    must(staged);
    must(await slot.value.start());
    await host.clock.sleep(WAIT_MS);
    const { tried, triedBytes, appliedBytes } = must(await slot.value.statistics(0));
    note(`${action}: tried ${tried} (${triedBytes} bytes), applied ${appliedBytes} bytes`);
    return { tried: Number(tried), bytes: Number(appliedBytes) };
  } finally {
    await slot.value.close();
  }
}

function addresses(range: PageRange, first: number, end: number, geometry: PageGeometry): AddressRange {
  const at = (block: number) =>
    BigInt(range.start + block * geometry.pagesPerBlock) * BigInt(geometry.pageBytes);
  return { start: at(first), end: at(end) };
}
