import { resolveTarget } from '../../config/targets.js';
import { PerfPipeSource, type Slice } from '../../sources/perf-pipe.js';
import { Resolver } from '../../sources/resolver.js';
import {
  eventsElsewhere,
  maySeeKernel,
  type RecordScope,
  recordCommand,
  recordingObstacle,
  type SamplingEvent,
  type SamplingMethod,
  type SamplingWish,
  samplingEvent,
  scopeOf,
} from '../../sources/sampling-event.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { refuseTwoOutputs, tellBeside } from '../output.js';
import { countBetween, durationBetween, fractionBetween, parseWord } from '../parameters.js';
import { working } from '../samples/import-recordings.js';
import { importDocument, importText } from '../samples/import-text.js';
import type { Imported } from '../samples/imported.js';
import { Importing } from '../samples/importing.js';
import { saveHeat } from '../samples/save-heat.js';
import { type ScopeFlags, scopeFlags, targetParameter } from '../shared-flags.js';

type RecordFlags = ScopeFlags & {
  readonly for: number;
  readonly event: 'auto' | SamplingMethod;
  readonly period?: number;
  readonly physical: boolean;
  readonly overhead: number;
  readonly out?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
};

/** `octavo record TARGET`: runs perf and decodes its output while it records. */
export const recordCommandLine = command<RecordFlags, [string]>(
  {
    brief: 'sample the memory accesses of a target with perf and decode them while it records',
    effect: { kind: 'acts', what: 'samples the target with perf while it records' },
    description: [
      'Works out which event of this CPU samples data addresses (Arm SPE, AMD IBS, Intel PEBS), runs `perf record` into a',
      'pipe and decodes it at once, so that nothing is written but the heat file. The period is adjusted from slice to',
      'slice, so that decoding stays below --overhead of one core; what the kernel lost is counted. --dry-run prints the',
      'command, to be run elsewhere and read with `octavo import`; where this CPU samples no addresses, those of all kinds',
      'of CPUs. `all` records every CPU, `cgroup:/path` that cgroup on every CPU, which needs CAP_PERFMON or',
      'kernel.perf_event_paranoid at 0; with --only or --deny their processes are recorded one by one.',
    ].join('\n'),
    examples: [
      ['octavo record 4711 --for 10s --out heat.parquet', 'ten seconds of one process'],
      [
        'octavo record all --for 1m --out - | ssh desk "cat > heat.parquet"',
        'the whole machine, nothing written here',
      ],
      ['octavo record 4711 --dry-run', 'show the command of perf only'],
      ['octavo record redis-server --event faults --for 1m', 'first touches, where no PMU samples addresses'],
    ],
    exits: [
      [EXIT.noTarget, 'no such target'],
      [EXIT.notPermitted, 'this user may not sample'],
      [EXIT.notAble, 'no event of this CPU samples addresses, or perf is missing'],
    ],
  },
  {
    flags: {
      ...scopeFlags,
      for: {
        kind: 'parsed',
        parse: durationBetween(100, 86_400_000),
        default: '10s',
        brief: 'How long to record',
      },
      event: {
        kind: 'enum',
        values: ['auto', 'spe', 'ibs', 'pebs', 'faults'],
        default: 'auto',
        brief: 'What to sample; page faults only when asked for',
      },
      period: {
        kind: 'parsed',
        parse: countBetween(1, 2 ** 31 - 1),
        optional: true,
        brief: 'Accesses from one sample to the next, to begin with',
      },
      physical: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Record physical addresses, too',
      },
      overhead: {
        kind: 'parsed',
        parse: fractionBetween(0.0001, 1),
        default: '1%',
        brief: 'Share of one core that decoding may take',
      },
      out: {
        kind: 'parsed',
        parse: parseWord,
        optional: true,
        brief: 'Write a heat file (Parquet) here; - is standard output',
      },
      dryRun: {
        kind: 'boolean',
        default: false,
        withNegated: false,
        brief: 'Print the command of perf, run nothing',
      },
      json: jsonFlag,
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    const processes = resolveTarget(this.host, target, flags);
    const pids = processes.map((process) => process.pid);
    const isPart = flags.only !== undefined || flags.deny !== undefined;
    const scope = scopeOf(target, pids, isPart);
    if (flags.dryRun) return showCommands(this, scope, flags);
    refuseTwoOutputs('record', '--out', flags.out, flags.json);
    const obstacle = recordingObstacle(this.host, scope);
    if (obstacle !== '') {
      throw new OctavoError('PERMISSION', {
        call: `perf_event_open: ${obstacle}`,
        errno: 'EACCES',
        needs: 'CAP_PERFMON',
      });
    }
    const event = chosenEvent(this, flags);
    const period = flags.period ?? event.period;
    await recordNow(this, event, { processes, scope }, period, flags);
  },
);

function wishOf(context: OctavoContext, flags: RecordFlags): SamplingWish {
  const physical = flags.physical && maySeeKernel(context.host);
  if (flags.physical && !physical) {
    context.remark(
      'Physical addresses are left out: they need CAP_PERFMON or kernel.perf_event_paranoid at 1 or lower.',
    );
  }
  return { ...(flags.event === 'auto' ? {} : { method: flags.event }), physical };
}

function chosenEvent(context: OctavoContext, flags: RecordFlags): SamplingEvent {
  const event = samplingEvent(context.host, wishOf(context, flags));
  if (typeof event !== 'string') return event;
  throw new OctavoError('ABILITY_MISSING', {
    ability: 'sampling of memory accesses',
    reason: event,
    remedy: 'Record on the bare machine, or use --event faults, which shows first touches only.',
  });
}

/** The command for this machine, or those for all kinds of machines where this one samples no addresses. */
function showCommands(context: OctavoContext, scope: RecordScope, flags: RecordFlags): void {
  const wish = wishOf(context, flags);
  const here = samplingEvent(context.host, wish);
  const wordsOf = (event: SamplingEvent) =>
    recordCommand(event, scope, flags.period ?? event.period, flags.for / 1000).map((word, index, words) =>
      words[index - 1] === '-o' ? 'perf.data' : word,
    );
  const elsewhere = eventsElsewhere(context.host, wish).map(({ machine, event }) => ({
    ...{ machine, method: event.method, period: flags.period ?? event.period },
    ...{ command: wordsOf(event), notes: event.notes },
  }));
  if (typeof here !== 'string') showHere(context, here, wordsOf(here), { flags, elsewhere });
  else if (flags.json)
    context.printJson({ ...commandDocument(elsewhere[0], elsewhere), here: null, reason: here });
  else {
    context.remark(`To be run elsewhere: ${here}.`);
    for (const { machine, command } of elsewhere)
      context.printExact(`# ${machine}\n${command.map(quoted).join(' ')}`);
  }
}

interface ShownCommand {
  readonly machine: string;
  readonly method: SamplingMethod;
  readonly period: number;
  readonly command: readonly string[];
  readonly notes: readonly string[];
}

function showHere(
  context: OctavoContext,
  event: SamplingEvent,
  command: readonly string[],
  { flags, elsewhere }: { readonly flags: RecordFlags; readonly elsewhere: readonly ShownCommand[] },
): void {
  const { method, notes } = event;
  const shown = { machine: 'this one', method, period: flags.period ?? event.period, command, notes };
  if (flags.json) context.printJson(commandDocument(shown, elsewhere));
  else {
    context.printExact(command.map(quoted).join(' '));
    for (const note of notes) context.remark(note);
  }
}

function commandDocument({ machine: _, ...shown }: ShownCommand, elsewhere: readonly ShownCommand[]): object {
  return { octavo: 'record-command', version: 1, ...shown, elsewhere };
}

/** A word as a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

async function recordNow(
  context: OctavoContext,
  event: SamplingEvent,
  { processes, scope }: { readonly processes: readonly ProcessIdentity[]; readonly scope: RecordScope },
  period: number,
  flags: RecordFlags,
): Promise<void> {
  const { geometry } = context.host.identity;
  const pids = processes.map((process) => process.pid);
  const source = new PerfPipeSource({
    event,
    scope,
    period,
    geometry,
    durationMs: flags.for,
    bound: flags.overhead,
  });
  const importing = new Importing({
    geometry,
    maps: flags.out !== undefined,
    ...(flags.physical ? resolverFor(context, pids) : {}),
  });
  const fromMs = context.host.clock.wallMs();
  for await (const { slice, batch } of source.slicesOf(working(context, 'recording'))) {
    importing.add(batch, slice);
  }
  throwIfStopped(context.signal);
  for (const slice of source.finished) importing.account(slice);
  const last = source.finished.at(-1);
  if (last !== undefined) {
    const span = { fromMs, toMs: context.host.clock.wallMs(), isExact: true };
    importing.addRecording({ ...last.facts(), span, bootId: context.host.identity.bootId });
  }
  const imported = importing.finish(processes);
  if (flags.out !== undefined) saveHeat(context, imported, geometry, flags.out);
  if (flags.json) context.printJson(recordDocument(imported, event, source.slices, flags));
  else {
    const lines = [...importText(imported, flags.out), ...source.slices.map(sliceLine)];
    for (const line of lines) tellBeside(context, line, flags.out);
    for (const note of event.notes) context.remark(note);
  }
}

/** Physical addresses without a virtual one are looked up in the target, where this user may see frames. */
function resolverFor(context: OctavoContext, pids: readonly number[]): { resolver?: Resolver } {
  try {
    return { resolver: Resolver.of(context.host, pids) };
  } catch (problem) {
    if (!(problem instanceof OctavoError) || problem.code !== 'PERMISSION') throw problem;
    context.remark('Physical addresses are recorded, but not resolved to pages: that needs CAP_SYS_ADMIN.');
    return {};
  }
}

function recordDocument(
  imported: Imported,
  event: SamplingEvent,
  slices: readonly Slice[],
  flags: RecordFlags,
): object {
  const document = importDocument(imported, [event.events.join(' ')], flags.out);
  return { ...document, octavo: 'record', method: event.method, slices };
}

function sliceLine(slice: Slice): string {
  const share = (100 * slice.share).toFixed(2);
  return `slice of ${(slice.wallMs / 1000).toFixed(1)} s: period ${slice.period}, ${slice.samples} samples, ${slice.lost} lost, decoding took ${share} % of a core`;
}
