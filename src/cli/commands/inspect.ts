import { resolveTarget } from '../../config/targets.js';
import { censusByMapping, censusTotals } from '../../verification/census.js';
import { guestNotes } from '../../verification/guest-memory.js';
import { notHuge } from '../../verification/not-huge.js';
import { observe } from '../../verification/observe.js';
import { readThpSettings } from '../../verification/read-thp-settings.js';
import { EXIT, OctavoError } from '../../vocabulary/errors.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import { throwIfStopped } from '../../vocabulary/stopping.js';
import { command, jsonFlag, LOOKS } from '../command.js';
import type { OctavoContext } from '../context.js';
import { type ContentChoice, readContent, showContent } from '../inspect/content.js';
import { censusDocument, type Inspected } from '../inspect/document.js';
import { explain } from '../inspect/explain.js';
import { showWhereabouts, whereabouts } from '../inspect/whereabouts.js';
import { countBetween, parseWord } from '../parameters.js';
import { showMappings, showNotHuge, showProcesses, showTotals } from '../print/census.js';
import { plural } from '../print/units.js';
import { type ScopeFlags, scopeFlags, targetParameter } from '../shared-flags.js';

/** More processes than this are shown a line each. */
const SHOWN_WHOLE = 3;

type Flags = ScopeFlags & {
  readonly json: boolean;
  readonly content: ContentChoice;
  readonly explain?: string;
  readonly mappings: number;
  readonly blocks: boolean;
};

/** `octavo inspect TARGET`: a census by folio order and mapping level. */
export const inspectCommand = command<Flags, [string]>(
  {
    brief: 'count a process’s memory by folio order and mapping level, and say why it is not huge',
    effect: LOOKS,
    description: [
      'A census of a process, a command name, a cgroup or everything: bytes by folio order and by mapping level, holes',
      'that a collapse would fill, huge pages that hold mostly zeroes, and with --explain why one address is or is not',
      'huge. Changes nothing. Reading content (--content sample or all) leaves out what is shared or locked; on arm64 the',
      'kernel marks the huge pages that were read as accessed, on x86-64 it does not.',
    ].join('\n'),
    examples: [
      ['octavo inspect 4711', 'one process'],
      ['octavo inspect redis-server --content all', 'read every huge page for zero-filled sub-pages'],
      ['octavo inspect 4711 --explain 0x7f2a40000000', 'why is this block not huge?'],
      ['octavo inspect all --json --content none', 'everything, for a script'],
    ],
    exits: [
      [EXIT.badInput, 'the address is in no mapping'],
      [EXIT.noTarget, 'no such target'],
      [EXIT.notPermitted, 'this user may not look into it'],
    ],
  },
  {
    flags: {
      ...scopeFlags,
      json: jsonFlag,
      content: {
        kind: 'enum',
        values: ['none', 'sample', 'all'],
        brief: 'Read the content of no, some or all huge blocks',
        default: 'sample',
      },
      explain: {
        kind: 'parsed',
        parse: parseWord,
        brief: 'Say why the block at ADDRESS is or is not huge',
        optional: true,
        placeholder: 'address',
      },
      mappings: {
        kind: 'parsed',
        parse: countBetween(0, 1e6),
        brief: 'How many mappings to show',
        default: '10',
        placeholder: 'count',
      },
      blocks: {
        kind: 'boolean',
        brief: 'With --json: every block as well',
        default: false,
        withNegated: false,
      },
    },
    positional: targetParameter,
  },
  async function (flags, target) {
    const processes = resolveTarget(this.host, target, { ...flags, init: 'any' });
    if (flags.explain !== undefined) return explain(this, processes, target, flags.explain, flags.json);
    const inspected: Inspected[] = [];
    const unseen: OctavoError[] = [];
    for (const [index, process] of processes.entries()) {
      throwIfStopped(this.signal);
      this.progress.show('looking', index, processes.length, 'processes');
      const found = lookAt(this, process);
      if (found instanceof OctavoError) {
        unseen.push(found);
        continue;
      }
      const content = await readContent(this, found.sizes, flags.content);
      inspected.push({ ...found, content, where: whereabouts(this.host, found, content) });
    }
    const refused = unseen.filter(({ code }) => code !== 'TARGET_GONE');
    if (inspected.length === 0 && unseen.length > 0) throw refused[0] ?? unseen[0];
    if (refused.length > 0) this.remark(unseenRemark(refused));
    if (flags.json) this.printJson(censusDocument(target, inspected, flags.blocks));
    else if (inspected.length > SHOWN_WHOLE) this.print(showProcesses(inspected));
    else for (const one of inspected) show(this, one, flags.mappings);
  },
);

/** Why some of several processes are missing, once and not for each of them. */
function unseenRemark(refused: readonly OctavoError[]): string {
  const more = refused.length > 1 ? `, and ${refused.length - 1} more like it` : '';
  return `octavo: ${plural(refused.length, 'process', 'processes')} left out: ${refused[0].message}${more}`;
}

function lookAt(context: OctavoContext, process: ProcessIdentity): Omit<Inspected, 'where'> | OctavoError {
  try {
    const observation = observe(context.host, process.pid);
    const { sizes } = observation;
    const reasons = notHuge(sizes, readThpSettings(context.host));
    const notes = guestNotes(context.host, sizes);
    return { ...observation, totals: censusTotals(sizes), notHuge: reasons, notes };
  } catch (problem) {
    if (!(problem instanceof OctavoError)) throw problem;
    return problem;
  }
}

function show(
  context: OctavoContext,
  { sizes, totals, content, account, notHuge, notes, where }: Inspected,
  mappings: number,
): void {
  const { pid, command: name, cgroup } = sizes.process;
  context.print(`Process ${pid} (${name}) in ${cgroup}`);
  context.print(showTotals(sizes, totals));
  const told = content && showContent(sizes, content);
  if (told) context.print(told);
  if (!sizes.ordersKnown)
    context.print('folio orders are unknown: frames can be seen only with CAP_SYS_ADMIN (run as root)');
  if (sizes.thpDisabledByPrctl)
    context.print('THP is disabled for this process by prctl(PR_SET_THP_DISABLE)');
  for (const note of notes) context.print(`note: ${note}`);
  context.print(`\n${showWhereabouts(where)}\n`);
  if (notHuge.length > 0) context.print(`${showNotHuge(sizes, notHuge)}\n`);
  context.print(showMappings(sizes, censusByMapping(sizes), mappings));
  const ms = (ns: number) => (ns / 1e6).toFixed(1);
  context.print(
    `\nlooked at ${account.pages} pages in ${ms(account.totalNs)} ms, ${ms(account.kernelNs)} ms of it in the kernel’s reads\n`,
  );
}
