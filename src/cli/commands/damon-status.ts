import { takeDamonLock } from '../../damon/lock.js';
import { glanceAtDamonUse, moduleHolds } from '../../damon/owner.js';
import { type KdamondView, readKdamonds } from '../../damon/read-tree.js';
import { type Leftover, readRecord, recoverLeftover, type SessionRecord } from '../../damon/record.js';
import type { SchemeStatistics } from '../../damon/slot.js';
import type { Host } from '../../host/host.js';
import { isAlive } from '../../host/lock-file.js';
import type { DamosScheme } from '../../vocabulary/damon.js';
import { OctavoError } from '../../vocabulary/errors.js';
import { command, jsonFlag } from '../command.js';
import { DAMON_EXITS, requireDamon } from '../damon-flags.js';
import { table } from '../print/table.js';
import { showBytes } from '../print/units.js';

type Flags = {
  readonly json: boolean;
  readonly recover: boolean;
};

/** `octavo damon status`: reads only, unless `--recover` is given. */
export const damonStatusCommand = command<Flags, []>(
  {
    brief: 'show every kdamond, what it does and who owns it',
    effect: { kind: 'acts', what: 'puts back what a killed Octavo left in DAMON', when: '--recover' },
    description: [
      'Reads DAMON’s tree as it is and changes nothing. Statistics are as of the last update that was requested.',
      'What a killed Octavo left behind is told; --recover puts it back (the next Octavo that uses DAMON does, too).',
    ].join('\n'),
    examples: [
      ['octavo damon status', 'all kdamonds'],
      ['octavo damon status --recover', 'put back what a killed Octavo left'],
    ],
    exits: DAMON_EXITS,
  },
  {
    flags: {
      json: jsonFlag,
      recover: {
        kind: 'boolean',
        brief: 'Put back what a killed Octavo left behind',
        default: false,
        withNegated: false,
      },
    },
  },
  async function (flags) {
    requireDamon(this, flags.recover ? 'writing' : 'reading');
    const recovered = flags.recover ? await recover(this.host) : undefined;
    const record = readRecord(this.host);
    const { modules } = glanceAtDamonUse(this.host);
    const kdamonds = await readKdamonds(this.host);
    const owners = kdamonds.map(({ slot }) => ownerOf(this.host, slot, record));
    if (flags.json) {
      const rows = kdamonds.map((kdamond, index) => plain({ ...kdamond, owner: owners[index] }));
      this.printJson({ octavo: 'damon-status', version: 1, modules, recovered, kdamonds: rows });
      return;
    }
    if (recovered) this.print(`Left behind by a killed Octavo: ${recovered}.`);
    if (modules.length > 0) {
      const { owner, remedy } = moduleHolds(modules);
      this.print(`DAMON is used by ${owner}. ${remedy}`);
    }
    if (kdamonds.length === 0) this.print('No kdamond is set up.');
    else
      this.print(
        table(
          HEAD,
          kdamonds.map((kdamond, index) => row(kdamond, owners[index])),
          [0, 2],
        ),
      );
    for (const kdamond of kdamonds) for (const line of schemeLines(kdamond)) this.print(line);
  },
);

/** Under the lock of those who use DAMON: two that put the same things back would disturb each other. */
async function recover(host: Host): Promise<Leftover> {
  const lock = takeDamonLock(host);
  if (!lock.ok) throw new OctavoError('DAMON_OCCUPIED', { ...lock.error });
  try {
    return await recoverLeftover(host);
  } finally {
    lock.value.release();
  }
}

const HEAD = ['kdamond', 'state', 'pid', 'operations', 'targets', 'intervals', 'regions', 'schemes', 'owner'];

function row({ slot, running, pid, thread, context }: KdamondView, owner: string): string[] {
  const shown = [String(slot), running ? 'on' : 'off', running ? `${pid} ${thread}` : '-'];
  if (!context) return [...shown, '-', '-', '-', '-', '-', owner];
  const { intervals, regions, targets, schemes } = context;
  const pids = targets.map((target) => target.pid).join(' ');
  return [
    ...shown,
    context.operations,
    pids || '-',
    `${intervals.sampleUs}/${intervals.aggregationUs} us`,
    `${regions.min}-${regions.max}`,
    schemes.map(({ action }) => action).join(' ') || '-',
    owner,
  ];
}

function ownerOf(host: Host, slot: number, record: SessionRecord | undefined): string {
  if (record?.slot !== slot) return 'another tool';
  const { pid } = record.holder;
  return isAlive(host, record.holder) ? `Octavo, process ${pid}` : `left behind by Octavo, process ${pid}`;
}

function schemeLines({ slot, context, statistics }: KdamondView): string[] {
  return (context?.schemes ?? []).map(
    (scheme, index) =>
      `kdamond ${slot} scheme ${index}: ${describeScheme(scheme)}; ${describeStatistics(statistics[index])}`,
  );
}

function describeScheme(scheme: DamosScheme): string {
  const order = scheme.targetOrder === undefined ? '' : ` to order ${scheme.targetOrder}`;
  const filters = scheme.filters.length > 0 ? `, ${scheme.filters.length} filters` : '';
  const quota = scheme.quotas.bytes > 0n ? `, at most ${showBytes(Number(scheme.quotas.bytes))}` : '';
  return `${scheme.action}${order}${filters}${quota}`;
}

function describeStatistics(statistics: SchemeStatistics): string {
  const { tried, triedBytes, applied, appliedBytes, quotaExceeds } = statistics;
  const passes = statistics.snapshots === undefined ? '' : `, ${statistics.snapshots} passes`;
  return `tried ${tried} (${showBytes(Number(triedBytes))}), applied ${applied} (${showBytes(Number(appliedBytes))}), quota exceeded ${quotaExceeds} times${passes}`;
}

/** 64-bit values as decimal text: JSON has no place for them. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)));
}
