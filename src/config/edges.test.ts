/** Requests at their edges: mount lines of any shape, processes half gone, what is asked of DAMON, kinds and words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { FIRST_BLOCK, PROCESS } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { writtenHost } from '../../test/support/written-host.js';
import { failure } from '../base/result.js';
import { KDAMONDS } from '../damon/kernel-files.js';
import type { HeatFacts } from '../formats/heat-file/facts.js';
import { HEAT_VERSION } from '../formats/heat-file/schema.js';
import { writeHeatFile } from '../formats/heat-file/write.js';
import type { Host } from '../host/host.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { ResolvedSource } from '../sources/resolved.js';
import { OctavoError } from '../vocabulary/errors.js';
import { pageGeometry } from '../vocabulary/units.js';
import {
  type Acting,
  actuatorsOf,
  assembleTurn,
  chosenPolicy,
  recordingsFor,
  type TurnRequest,
} from './assemble.js';
import { checkedParameters, KINDS, kindNamed, plainParameters, wrongParameter } from './kinds.js';
import { wrongPolicyParameter } from './policy-words.js';
import { resolveTarget } from './targets.js';

const caught = (act: () => unknown): OctavoError => {
  try {
    act();
  } catch (problem) {
    assert.ok(problem instanceof OctavoError, String(problem));
    return problem;
  }
  return assert.fail('nothing was thrown');
};

const stat = (pid: number, command: string, state = 'S') =>
  `${pid} (${command}) ${state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0`;

function hostOf(texts: Readonly<Record<string, string>> = {}): ScriptedHost {
  const host = new ScriptedHost([9]);
  for (const [path, text] of Object.entries(texts)) host.texts.set(path, text);
  return host;
}

describe('who is not seen', () => {
  const lastMount = (line: string | undefined) => {
    const host = hostOf(line === undefined ? {} : { '/proc/self/mountinfo': line });
    Object.assign(host.identity, { isPrivileged: false });
    return caught(() => resolveTarget(host, '99')).code;
  };
  const hiding = '22 28 0:21 / /proc rw shared:5 - proc proc rw,hidepid=invisible';

  test('may be hidden by the last mount on /proc, and by no other', () => {
    assert.equal(lastMount(hiding), 'TARGET_UNSEEN');
    assert.equal(lastMount(`${hiding}\n22 28 0:21 / /proc rw - proc proc rw`), 'TARGET_NOT_FOUND');
    assert.equal(lastMount(`22 28 0:21 / /proc rw - proc proc rw\n${hiding}`), 'TARGET_UNSEEN');
    assert.equal(lastMount(hiding.replace(' /proc ', ' /mnt/proc ')), 'TARGET_NOT_FOUND');
  });

  test('is not there where the mounts say nothing that can be read', () => {
    for (const line of [undefined, '', '22 28 0:21 / /proc rw', '22 28 0:21 / /proc rw - proc'])
      assert.equal(lastMount(line), 'TARGET_NOT_FOUND', line);
  });

  test('of several that are refused, the first is named', () => {
    const host = hostOf();
    for (const pid of [20, 21]) {
      host.texts.set(`/proc/${pid}/stat`, stat(pid, 'x'));
      host.unreadable.set(`/proc/${pid}/stat`, 'EACCES');
    }
    assert.match(caught(() => resolveTarget(host, 'nginx')).message, /\/proc\/20\/stat/);
  });

  test('is passed over where its reading failed otherwise, or where it has just died', () => {
    const host = hostOf({ '/proc/20/stat': stat(20, 'x'), '/proc/21/stat': stat(21, 'web', 'X') });
    host.unreadable.set('/proc/20/stat', 'EIO');
    assert.equal(caught(() => resolveTarget(host, '20')).code, 'TARGET_NOT_FOUND');
    assert.equal(caught(() => resolveTarget(host, 'nginx')).code, 'TARGET_NOT_FOUND');
    assert.equal(caught(() => resolveTarget(host, '21')).code, 'TARGET_GONE');
    assert.equal(caught(() => resolveTarget(host, 'web')).code, 'TARGET_NOT_FOUND');
  });

  test('and a /proc that cannot be listed is told', () => {
    const host = hostOf();
    host.unreadable.set('/proc', 'EACCES');
    assert.equal(caught(() => resolveTarget(host, 'db')).code, 'FILE_UNREADABLE');
  });

  test('a process without a readable cgroup is in the root', () => {
    const host = hostOf({ '/proc/20/stat': stat(20, 'web') });
    assert.equal(resolveTarget(host, '20')[0].cgroup, '/');
  });

  test('a command is told by its first 15 bytes', () => {
    const host = hostOf({ '/proc/20/stat': stat(20, 'abcdefghijklmno') });
    for (const name of ['abcdefghijklmno', 'abcdefghijklmnop', 'comm:abcdefghijklmno'])
      assert.equal(resolveTarget(host, name)[0].pid, 20, name);
    assert.equal(caught(() => resolveTarget(host, 'abcdefghijklmn')).code, 'TARGET_NOT_FOUND');
  });
});

describe('DAMOS', () => {
  /** Writes that were made to learn what DAMON can do, and what was made of the answer. */
  function asked(acting: Acting, others: Readonly<Record<string, string>> = {}) {
    const world = writtenHost({ [`${KDAMONDS}/nr_kdamonds`]: '0\n', ...others });
    const [damos] = actuatorsOf(world.host, ['damos'], acting);
    return { writes: world.writes.length, missing: damos.abilities[0].missing };
  }

  test('is asked by a scratch slot only where that was said', () => {
    assert.equal(asked({}).writes, 0);
    assert.match(asked({}).missing, /no action collapse/);
    assert.ok(asked({ askDamon: true }).writes > 0);
    assert.equal(asked({ askDamon: true }).missing, '');
  });

  test('takes a free slot of others only where that was said', () => {
    const others = {
      [`${KDAMONDS}/0/state`]: 'off\n',
      [`${KDAMONDS}/0/pid`]: '-1\n',
      [`${KDAMONDS}/0/contexts/nr_contexts`]: '0\n',
    };
    assert.match(asked({}, others).missing, /--share-damon/);
    assert.doesNotMatch(asked({ parameters: { shareDamon: true } }, others).missing, /used by/);
  });
});

describe('a request', () => {
  const PLAIN: TurnRequest = {
    ...{ target: String(PID), scope: {}, policy: undefined, sources: [], parameters: {}, budgets: {} },
    ...{ actuators: [], split: [], collapse: [] },
  };
  const address = `0x${(FIRST_BLOCK * 0x200000).toString(16)}`;

  test('chooses its policy by what is named, unless one is asked for', () => {
    assert.equal(chosenPolicy(PLAIN), 'chain');
    assert.equal(chosenPolicy({ ...PLAIN, split: [address] }), 'named-blocks');
    assert.equal(chosenPolicy({ ...PLAIN, collapse: [address] }), 'named-blocks');
    assert.equal(chosenPolicy({ ...PLAIN, split: [address], policy: 'chain' }), 'chain');
  });

  test('takes the order and the sub-page at the bound, and none beyond', async () => {
    const host: Host = new ScriptedHost([9]);
    for (const [within, beyond, option] of [
      [{ order: 9 }, { order: 10 }, '--order'],
      [{ aroundPage: 511 }, { aroundPage: 512 }, '--around'],
    ] as const) {
      await assembleTurn(host, { ...PLAIN, ...within });
      await assert.rejects(
        assembleTurn(host, { ...PLAIN, ...beyond }),
        (problem) => problem instanceof OctavoError && problem.message.includes(option),
      );
    }
    const turn = await assembleTurn(host, { ...PLAIN, order: 4 });
    assert.equal(turn.parameters.order, 4);
  });

  test('to split to base pages reads what is named to be split, to a larger order nothing', async () => {
    const host = new ScriptedHost([9]);
    const names = async (request: Partial<TurnRequest>) =>
      (await assembleTurn(host, { ...PLAIN, ...request })).sources.map(({ name }) => name);
    assert.deepEqual(await names({ split: [address], order: 0 }), ['occupancy']);
    assert.deepEqual(await names({ split: [address], order: 1 }), []);
    assert.deepEqual(await names({ collapse: [address] }), []);
    assert.deepEqual(await names({ order: 4 }), ['occupancy'], 'a policy’s blocks are read in any case');
  });

  test('of one block to split and one to collapse names both', async () => {
    const request = { ...PLAIN, split: [address], collapse: [address] };
    assert.equal(chosenPolicy(request), 'named-blocks');
    const turn = await assembleTurn(new ScriptedHost([9]), request);
    assert.deepEqual(
      turn.parameters.named.map(({ split, collapse }) => [split, collapse]),
      [[[FIRST_BLOCK], [FIRST_BLOCK]]],
    );
  });

  test('resolves physical addresses of recordings where that was asked for, and nowhere else', async () => {
    for (const resolve of [true, false, undefined]) {
      const turn = await assembleTurn(new ScriptedHost([9]), {
        ...PLAIN,
        sources: ['occupancy'],
        sourceParameters: { perf: ['a.data'], ...(resolve === undefined ? {} : { resolve }) },
      });
      assert.equal(turn.sources[0] instanceof ResolvedSource, resolve === true);
    }
  });

  test('takes heat that was counted in this host’s pages, and no other', async () => {
    const withHeat = (pageBytes: number, blockBytes: number) => {
      const host = new ScriptedHost([9]);
      const map = new HotMapBuilder(PROCESS, pageGeometry(pageBytes, blockBytes));
      map.addCount(FIRST_BLOCK * 512, 1, 1);
      const facts = {
        ...{ octavo: 'heat', version: HEAT_VERSION, page_bytes: pageBytes, block_bytes: blockBytes },
        ...{ nature: 'loads', origins: [], recordings: [], processes: [], thinned_to: 1, samples: 1 },
        ...{ slices: { clock: 'none', widthMs: null }, written_as: HEAT_VERSION, unplaced: {}, losses: {} },
      } as unknown as HeatFacts;
      const bytes = writeHeatFile([map.build([])], facts, () => ({ name: 'm', end: 2 ** 50 }));
      host.files.readBytes = () => ({ ok: true, value: Buffer.from(bytes) });
      return assembleTurn(host, { ...PLAIN, sourceParameters: { heat: ['/h'] } });
    };
    assert.deepEqual(
      (await withHeat(4096, 2 << 20)).sources.map(({ name }) => name),
      ['heat-file', 'occupancy'],
    );
    for (const [pageBytes, blockBytes] of [
      [16_384, 32 << 20],
      [16_384, 2 << 20],
      [4096, 4 << 20],
    ] as const)
      await assert.rejects(
        withHeat(pageBytes, blockBytes),
        (problem) => problem instanceof OctavoError && problem.code === 'FILE_MALFORMED',
        `${pageBytes} ${blockBytes}`,
      );
  });

  test('of a heat file that cannot be opened fails, whatever else it names', async () => {
    const host = new ScriptedHost([9]);
    host.files.open = () => failure({ errno: 'EACCES', call: 'open' });
    await assert.rejects(
      assembleTurn(host, { ...PLAIN, sourceParameters: { heat: ['/a.parquet'] } }),
      (problem) => problem instanceof OctavoError && problem.code === 'FILE_UNREADABLE',
    );
  });
});

describe('kinds', () => {
  const kind = { brief: '', parameters: z.strictObject({ share: z.number().max(1).default(0.5) }) };

  test('are known by their own names alone', () => {
    assert.equal(kindNamed('policy', KINDS.policies, 'chain'), KINDS.policies.chain);
    for (const name of ['toString', '', 'chains'])
      assert.equal(caught(() => kindNamed('policy', KINDS.policies, name)).code, 'KIND_UNKNOWN');
  });

  test('have parameters with fallbacks, and say which was wrong and what there is', () => {
    assert.deepEqual(checkedParameters(kind, 'k', {}), { share: 0.5 });
    assert.equal(wrongParameter(kind, { share: 1 }), undefined);
    assert.equal(wrongParameter(kind, { share: 2 })?.name, 'share');
    assert.deepEqual(wrongParameter(kind, { x: 1 }), {
      name: 'x',
      problem: 'unknown parameter; there are share',
    });
    assert.deepEqual(
      wrongParameter(kind, { x: 1 }, ['order'])?.problem,
      'unknown parameter; there are share, order',
    );
    const bare = { brief: '', parameters: z.strictObject({}) };
    assert.equal(wrongParameter(bare, { x: 1 })?.problem, 'unknown parameter; there are none');
    const wrong = caught(() => checkedParameters(kind, 'k', { share: 2 }));
    assert.equal(wrong.code, 'PARAMETER_INVALID');
    assert.match(wrong.message, /^k: parameter share/);
  });

  test('of recordings refuse what none of them has', () => {
    const given = (sourceParameters: object) => ({ sourceParameters }) as unknown as TurnRequest;
    const wrong = caught(() => recordingsFor(new ScriptedHost([]), given({ nonsense: 'x' })));
    assert.equal(wrong.code, 'PARAMETER_INVALID');
    assert.match(wrong.message, /nonsense/);
    assert.deepEqual(recordingsFor(new ScriptedHost([]), given({})), []);
  });

  test('are told without tables and without what was not given', () => {
    const given = { a: 1, b: 'x', c: false, d: undefined, e: { f: 1 }, g: [1] };
    assert.deepEqual(plainParameters(given), { a: 1, b: 'x', c: false });
  });

  test('take an order of the model’s huge pages beside their own parameters', () => {
    for (const [order, name] of [
      [0, undefined],
      [8, undefined],
      [9, 'order'],
      [-1, 'order'],
      [2.5, 'order'],
    ] as const)
      assert.equal(wrongPolicyParameter('chain', { order })?.name, name, `${order}`);
  });
});
