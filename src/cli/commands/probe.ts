import { type AssembledProbe, assembleProbe } from '../../config/assemble-probe.js';
import { ofKind } from '../../config/kinds.js';
import { HotMaps } from '../../hotness/hot-maps.js';
import { probe } from '../../sources/kinds/probe.js';
import { observe } from '../../verification/observe.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { HotMap } from '../../vocabulary/hot-map.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { command, jsonFlag } from '../command.js';
import type { OctavoContext } from '../context.js';
import { budgetsOf, type GuardFlags, guardFlags } from '../guard-flags.js';
import { withKindFlags } from '../kind-flags.js';
import { refuseTwoOutputs, STANDARD_OUTPUT, tellBeside } from '../output.js';
import { parseWord } from '../parameters.js';
import { plural } from '../print/units.js';
import { saveProbedHeat } from '../samples/probed-heat.js';
import {
  type ScopeFlags,
  type StateFlags,
  scopeFlags,
  stateFlags,
  targetParameter,
} from '../shared-flags.js';
import { journalPlace } from '../turns.js';

type Flags = ScopeFlags &
  StateFlags &
  GuardFlags & {
    readonly out?: string;
    readonly json: boolean;
  };

/** `octavo probe PID`: acts; every block that it split is collapsed again. */
export const probeCommand = command<Flags, [string]>(
  {
    brief: 'split a few huge pages for some seconds to see which of their sub-pages are in use',
    description: [
      'For hosts without a PMU that samples addresses. Acts: splits a few huge pages drawn at random, watches each of their',
      'sub-pages by DAMON (by soft-dirty bits where DAMON cannot be had), and collapses them again; on other frames, which',
      'copies 2 MiB for each. Tries first whether the pages can be watched, and does nothing where they cannot. Every split',
      'and collapse is a run in the journal, and stops on memory pressure; a signal puts back what is being watched. With',
      '--out the heat is kept for `octavo plan --heat`. DAMON is put back as it was found.',
    ].join('\n'),
    examples: [
      ['octavo probe 4711 --out heat.parquet', 'see below 2 MiB in 16 huge pages, and put them back'],
      ['octavo plan 4711 --heat heat.parquet', 'plan with what was seen'],
      ['octavo probe redis-server --sample 64 --window 10s', 'a larger sample, watched for longer'],
    ],
    exits: [
      [EXIT.noTarget, 'no such target'],
      [EXIT.notPermitted, 'this user may not do that'],
      [EXIT.notAble, 'nothing here can watch single pages, or split and collapse; nothing was done'],
      [EXIT.refused, 'stopped by a guard, another Octavo holds the lock, or the target is never touched'],
      [EXIT.interrupted, 'interrupted; what was being watched is put back'],
    ],
    effect: {
      kind: 'acts',
      what: 'splits a few huge pages, has DAMON watch them, and collapses them again',
    },
  },
  {
    flags: {
      ...scopeFlags,
      ...stateFlags,
      ...withKindFlags({}, {}, { probe }),
      ...guardFlags,
      out: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Write a heat file (Parquet) here; - is standard output',
        optional: true,
        placeholder: 'file',
      },
      json: jsonFlag,
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    refuseTwoOutputs('probe', '--out', flags.out, flags.json);
    const assembled = assembleProbe(journalPlace(this, flags.state), {
      target,
      scope: { only: flags.only, deny: flags.deny },
      parameters: ofKind(probe, flags),
      budgets: budgetsOf(flags, this.host.identity.geometry.blockBytes),
      signal: this.signal,
    });
    const looks = assembled.processes.map((process) => lookAt(this, process));
    const sizes = looks.filter((look): look is PageSizes => !(look instanceof OctavoError));
    const refused = looks.filter((look): look is OctavoError => look instanceof OctavoError);
    // With several targets one that just ended, or is another user's, is a normal outcome.
    if (sizes.length === 0)
      throw (
        refused.find(({ code }) => code !== 'TARGET_GONE') ?? new OctavoError('TARGET_NOT_FOUND', { target })
      );
    const heat = await read(this, assembled, sizes);
    requireProbed(assembled);
    if (flags.out !== undefined) saveProbedHeat(this, flags.out, heat, assembled.source, sizes);
    tell(this, assembled, flags);
    if (this.signal.aborted) this.endsWith('interrupted');
    else if (assembled.source.tallies.some(({ stopped }) => stopped !== '')) this.endsWith('refused');
  },
);

function lookAt({ host }: OctavoContext, process: ProcessIdentity): PageSizes | OctavoError {
  try {
    return observe(host, process.pid).sizes;
  } catch (problem) {
    if (problem instanceof OctavoError) return problem;
    throw problem;
  }
}

async function read(
  context: OctavoContext,
  { source }: AssembledProbe,
  sizes: readonly PageSizes[],
): Promise<readonly HotMap[]> {
  const { host, signal } = context;
  const maps = new HotMaps({
    geometry: host.identity.geometry,
    processes: sizes.map(({ process }) => process),
  });
  const progress = (done: number, total: number, unit: string) =>
    context.progress.show('probing', done, total, unit);
  for await (const reading of source.read({ host, processes: sizes, progress, signal })) {
    if (reading.kind === 'samples') maps.addSamples(reading.batch);
  }
  return maps.build([source.origin]);
}

/** A probe that could not watch anything has done nothing, and that is no success. */
function requireProbed({ source }: AssembledProbe): void {
  const reasons = Object.keys(source.account().losses);
  if (source.tallies.length > 0 || reasons.length === 0) return;
  throw new OctavoError('ABILITY_MISSING', {
    ability: 'a probe',
    reason: reasons.join('; '),
    remedy: 'Nothing was done. `octavo doctor` says what sampling needs here.',
  });
}

function tell(context: OctavoContext, { source, hands }: AssembledProbe, flags: Flags): void {
  const { notes, losses } = source.account();
  if (flags.json) {
    const { tallies } = source;
    context.printJson({
      octavo: 'probe',
      version: 1,
      processes: tallies,
      runs: hands.runs,
      notes,
      losses,
      heat: flags.out ?? null,
    });
    return;
  }
  const say = (line: string) => tellBeside(context, line, flags.out);
  for (const note of notes) say(note);
  for (const [reason, count] of Object.entries(losses)) say(`${count} ${reason}`);
  if (hands.runs.length > 0) say(`${plural(hands.runs.length, 'run')} in the journal: octavo runs`);
  if (flags.out !== undefined && flags.out !== STANDARD_OUTPUT)
    say(`Heat written to ${flags.out}. Try: octavo plan --heat ${flags.out}`);
}
