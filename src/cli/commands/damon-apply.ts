import { resolveTarget } from '../../config/targets.js';
import { readDamonFeatures } from '../../damon/damon-features.js';
import { type DamonSlot, type SchemeStatistics, statisticsSince } from '../../damon/slot.js';
import { contextWrites } from '../../damon/writes.js';
import type { DamoFile } from '../../formats/damo/parse.js';
import { parseDamoText } from '../../formats/damo/text.js';
import { type DamonContext, NO_INTERVALS_GOAL } from '../../vocabulary/damon.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import { command } from '../command.js';
import type { OctavoContext } from '../context.js';
import { DAMON_EXITS, type ShareFlags, shareFlags, withSlot } from '../damon-flags.js';
import { showBytes } from '../print/units.js';
import { type DryRunFlags, dryRunFlags, parsePeriod, parseWord } from '../shared-flags.js';

type Flags = ShareFlags &
  DryRunFlags & {
    readonly for?: number;
    readonly every: number;
    readonly target?: string;
  };

/** `octavo damon apply FILE`: a kdamond by damo's parameters, until a signal. */
export const damonApplyCommand = command<Flags, [string]>(
  {
    brief: 'run what a damo parameter file says, until a signal, and put DAMON back as found',
    effect: { kind: 'acts', what: 'runs a kdamond until stopped, and puts DAMON back as found' },
    description: [
      'Takes damo’s --kdamonds files (one kdamond with one context) and --schemes files (a list of schemes, which need',
      '--target), JSON or YAML. Prints the schemes’ statistics as they grow. On SIGINT, SIGTERM or after --for the',
      'kdamond is stopped and the tree is as it was found; after a kill -9 the next Octavo puts it back.',
    ].join('\n'),
    examples: [
      ['octavo damon apply kdamonds.json', 'run it until Ctrl-C'],
      [
        'octavo damon apply schemes.json --target 4711 --for 60s',
        'schemes alone, on one process for a minute',
      ],
      ['octavo damon apply kdamonds.json --dry-run', 'print the exact writes, make none'],
    ],
    exits: [...DAMON_EXITS, [EXIT.badInput, 'the file is not understood']],
  },
  {
    flags: {
      ...shareFlags,
      for: {
        kind: 'parsed',
        parse: parsePeriod,
        brief: 'Stop after so long; until a signal otherwise',
        optional: true,
        placeholder: 'time',
      },
      every: {
        kind: 'parsed',
        parse: parsePeriod,
        brief: 'How often statistics are printed',
        default: '5s',
        placeholder: 'time',
      },
      target: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Process to watch, for a file of schemes alone',
        optional: true,
        placeholder: 'target',
      },
      ...dryRunFlags,
    },
    positional: {
      kind: 'tuple',
      parameters: [{ placeholder: 'file', brief: 'Parameter file of damo, JSON or YAML', parse: parseWord }],
    },
  },
  async function (flags, path) {
    const file = readParameters(this, path);
    for (const place of file.ignored) this.remark(`octavo: ${path}: ${place} is not known and ignored`);
    const context = contextOf(this, file, path, flags.target);
    if (flags.dryRun) {
      for (const { file: name, text } of contextWrites(context, readDamonFeatures(this.host))) {
        this.print(`write ${name} = ${text}`);
      }
      return;
    }
    await withSlot(this, flags.shareDamon, (slot) => runContext(this, slot, context, flags));
  },
);

function readParameters({ host }: OctavoContext, path: string): DamoFile {
  const text = host.files.readText(path);
  if (!text.ok) throw new OctavoError('FILE_UNREADABLE', { path, errno: text.error.errno });
  const parsed = parseDamoText(text.value);
  if (!parsed.ok) throw new OctavoError('FILE_MALFORMED', { path, ...parsed.error });
  return parsed.value;
}

function contextOf(
  context: OctavoContext,
  file: DamoFile,
  path: string,
  target: string | undefined,
): DamonContext {
  if (file.contexts.length > 1) {
    throw new OctavoError('FILE_MALFORMED', {
      path,
      problem: `holds ${file.contexts.length} kdamonds, Octavo runs one at a time`,
      place: 'kdamonds',
    });
  }
  const pids = target === undefined ? undefined : targetPids(context, target);
  const [given] = file.contexts;
  const base = given ?? schemesOnly(file);
  if (pids) return { ...base, targets: pids.map((pid) => ({ pid, regions: [], obsolete: false })) };
  if (given) return given;
  throw new OctavoError('USAGE', {
    problem: `${path} holds schemes alone and needs --target`,
    command: 'damon apply',
  });
}

function targetPids({ host }: OctavoContext, target: string): number[] {
  return resolveTarget(host, target, {}).map(({ pid }) => pid);
}

/** damo’s defaults around a list of schemes. */
function schemesOnly({ schemes }: DamoFile): DamonContext {
  return {
    operations: 'vaddr',
    addressUnit: 1n,
    pause: false,
    intervals: { sampleUs: 5_000n, aggregationUs: 100_000n, updateUs: 1_000_000n, goal: NO_INTERVALS_GOAL },
    regions: { min: 10n, max: 1000n },
    targets: [],
    schemes,
  };
}

async function runContext(
  context: OctavoContext,
  slot: DamonSlot,
  parameters: DamonContext,
  flags: Flags,
): Promise<void> {
  const staged = await slot.stage(parameters);
  const started = staged.ok ? await slot.start() : staged;
  if (!started.ok) throw new OctavoError('DAMON_REFUSED', { ...started.error });
  context.remark('octavo: DAMON runs; everything is put back at the end');
  const { clock } = slot.host;
  const until = flags.for === undefined ? Number.POSITIVE_INFINITY : clock.monotonicNs() + flags.for * 1e6;
  const before: (SchemeStatistics | undefined)[] = [];
  while (!context.signal.aborted && clock.monotonicNs() < until) {
    const left = (until - clock.monotonicNs()) / 1e6;
    await clock.sleep(Math.min(flags.every, left), context.signal);
    if (!(await printStatistics(context, slot, parameters, before))) {
      context.remark('octavo: the kdamond has ended by itself: all its targets are gone');
      break;
    }
  }
  await slot.stop();
  if (context.signal.aborted) context.endsWith('interrupted');
}

/** One line for each scheme that did something since the last line. False when the kdamond is gone. */
async function printStatistics(
  context: OctavoContext,
  slot: DamonSlot,
  { schemes }: DamonContext,
  before: (SchemeStatistics | undefined)[],
): Promise<boolean> {
  for (const [index, { action }] of schemes.entries()) {
    const now = await slot.statistics(index);
    if (!now.ok) return now.error.errno !== 'ECANCELED';
    const earlier = before[index];
    before[index] = now.value;
    const since = earlier ? statisticsSince(now.value, earlier) : now.value;
    if (since.tried === 0n && earlier) continue;
    context.print(
      `scheme ${index} ${action}: tried ${since.tried} (${showBytes(Number(since.triedBytes))}), applied ${since.applied} (${showBytes(Number(since.appliedBytes))})`,
    );
  }
  return schemes.length > 0 || (await slot.isRunning());
}
