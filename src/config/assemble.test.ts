/** From a request to the parts of a turn: defaults, what is named, what does not fit, and how a whole turn goes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { apply, planFor } from '../../test/support/turns.js';
import { failure, success } from '../base/result.js';
import { DEFAULT_BUDGETS } from '../planning/budgets.js';
import { DEFAULT_PARAMETERS } from '../policies/policy.js';
import type { HeatFileSource } from '../sources/heat-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import { actuatorsOf, assembleTurn, blocksAt, type TurnRequest } from './assemble.js';
import { recordedProcesses } from './recorded-processes.js';
import { takeTurn } from './take-turn.js';

const code = (expected: string) => (problem: unknown) =>
  problem instanceof OctavoError && problem.code === expected;
const at = (block: number, page = 0) => `0x${((FIRST_BLOCK + block) * 0x200000 + page * 4096).toString(16)}`;

const PLAIN: TurnRequest = {
  ...{ target: String(PID), scope: {}, policy: undefined, sources: [], parameters: {}, budgets: {} },
  ...{ actuators: [], split: [], collapse: [] },
};
const assemble = (request: Partial<TurnRequest> = {}, host = new ScriptedHost([9, 9, 0])) =>
  assembleTurn(host, { ...PLAIN, ...request });

const other = (pid: number, command: string) =>
  `${pid} (${command}) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 1 0 0`;

describe('a turn', () => {
  test('by default asks every policy, reads content, and keeps within the default bounds', async () => {
    const turn = await assemble();
    assert.deepEqual(
      [turn.policy.name, turn.sources.map(({ name }) => name), turn.insist, turn.target],
      ['chain', ['occupancy'], false, '100'],
    );
    assert.deepEqual(turn.parameters, { ...DEFAULT_PARAMETERS, named: [] });
    assert.deepEqual(turn.settings, {
      ...{ emptyAbove: 409 / 512, unmappedFrom: 1 / 64, sparseBelow: 0.1, keepAccesses: 0.9 },
      ...{ denseAbove: 0.9, collapseByResidency: false },
    });
    assert.deepEqual(turn.budgets, DEFAULT_BUDGETS);
    assert.deepEqual(
      turn.processes.map(({ pid }) => pid),
      [PID],
    );
    assert.deepEqual([turn.halfLifeMs, turn.heatBytes], [undefined, undefined]);
  });

  test('of a chosen policy, with sources, bounds and parameters of its own', async () => {
    const turn = await assemble({
      ...{ policy: 'collapse-dense', sources: ['smaps', 'damon-regions'], budgets: { maxBlocks: 7 } },
      ...{ parameters: { denseAbove: 0.5 }, halfLifeMs: 60_000, heatBytes: 1000 },
      sourceParameters: { perf: ['a.data', 'b.data'], resolve: true },
      ...{ extraSources: (await assemble({ sources: ['smaps'] })).sources },
    });
    assert.deepEqual(
      turn.sources.map(({ name }) => name),
      ['smaps', 'perf-file', 'perf-file', 'smaps', 'damon-regions'],
    );
    assert.deepEqual([turn.policy.name, turn.budgets.maxBlocks, turn.budgets.maxBytes], [
      ...['collapse-dense', 7, DEFAULT_BUDGETS.maxBytes],
    ]); // biome-ignore format: one row
    assert.deepEqual([turn.settings?.denseAbove, turn.settings?.collapseByResidency], [0.5, true]);
    assert.deepEqual([turn.halfLifeMs, turn.heatBytes], [60_000, 1000]);
    const careful = await assemble({ policy: 'collapse-dense', parameters: { collapseByResidency: false } });
    assert.equal(careful.settings?.collapseByResidency, false);
  });

  test('of named blocks is about those alone, and reads only what a split to base pages returns', async () => {
    const turn = await assemble({ split: [at(0), `${at(1)}-${at(2)}`], collapse: [at(2)], aroundPage: 5 });
    const [first, second, third] = [FIRST_BLOCK, FIRST_BLOCK + 1, FIRST_BLOCK + 2];
    assert.deepEqual([turn.policy.name, turn.insist], ['named-blocks', true]);
    assert.deepEqual(turn.parameters.named, [
      { pid: PID, split: [first, second], collapse: [third], aroundPage: 5 },
    ]);
    const names = async (request: Partial<TurnRequest>) =>
      (await assemble(request)).sources.map(({ name }) => name);
    assert.deepEqual(await names({ split: [at(0)] }), ['occupancy']);
    assert.deepEqual(await names({ split: [at(0)], order: 0 }), ['occupancy']);
    assert.deepEqual(await names({ split: [at(0)] }), ['occupancy']);
    assert.deepEqual(await names({ split: [at(0)], order: 1 }), []);
    assert.deepEqual(await names({ split: [at(0)], order: 2 }), []);
    assert.deepEqual(await names({ collapse: [at(0)] }), []);
    assert.deepEqual(await names({ collapse: [at(0)], sources: ['smaps'] }), ['smaps']);
    assert.deepEqual((await assemble({ collapse: [at(0)] })).parameters.named[0].split, []);
    assert.equal('aroundPage' in (await assemble({ split: [at(0)] })).parameters.named[0], false);
    const forced = await assemble({ split: [at(0)], policy: 'return-empty' });
    assert.equal(forced.policy.name, 'return-empty');
  });

  test('of blocks named in several processes is refused', async () => {
    const host = new ScriptedHost([9]);
    for (const pid of [7, 8]) host.texts.set(`/proc/${pid}/stat`, other(pid, 'web'));
    await assert.rejects(assemble({ target: 'web', split: [at(0)] }, host), code('TARGET_AMBIGUOUS'));
    await assert.rejects(assemble({ target: 'web', collapse: [at(0)] }, host), code('TARGET_AMBIGUOUS'));
    assert.equal((await assemble({ target: 'web' }, host)).processes.length, 2);
  });

  test('to an order or around a page beyond a huge page is refused, at its bound not', async () => {
    const bounds = [
      [{ order: 9 }, { order: 10 }],
      [{ aroundPage: 511 }, { aroundPage: 512 }],
    ];
    for (const [within, beyond] of bounds) {
      await assemble(within);
      await assert.rejects(assemble(beyond), code('VALUE_INVALID'));
    }
  });

  test('without a target or a heat file of one has no name, and is of the processes given', async () => {
    const { processes } = await assemble();
    const turn = await assemble({ target: undefined, processes });
    assert.deepEqual([turn.target, turn.processes], ['', processes]);
  });

  test('of a heat file that is not there says so', async () => {
    await assert.rejects(
      assemble({ sourceParameters: { heat: ['/gone.parquet'] } }),
      code('FILE_UNREADABLE'),
    );
    await assert.rejects(assemble({ target: undefined }), code('RECORDED_GONE'));
  });
});

test('an address is a block, and a range every block that it touches', () => {
  const host = new ScriptedHost([9]);
  const blocks = (text: string) => blocksAt(host, text).map((block) => block - FIRST_BLOCK);
  assert.deepEqual(blocks(at(3)), [3]);
  assert.deepEqual(blocks(at(3, 511)), [3]);
  assert.deepEqual(blocks(`${at(3)}-${at(4)}`), [3]);
  assert.deepEqual(blocks(`${at(3, 511)}-${at(4, 1)}`), [3, 4]);
  assert.deepEqual(blocks(`${at(3)}-${at(3, 1)}`), [3]);
  assert.deepEqual(blocks(String(Number(at(2)))), [2]);
  for (const text of [
    '',
    'x',
    `${at(3)}-`,
    `${at(3)}-x`,
    `x-${at(3)}`,
    `${at(3)}-${at(3)}`,
    `${at(4)}-${at(3)}`,
  ])
    assert.throws(() => blocksAt(host, text), code('ADDRESS_SYNTAX'), text);
});

test('actuators are those chosen, in the order of preference; what leaves references is prepared to last', () => {
  const host = new ScriptedHost([9]);
  const names = (...chosen: Parameters<typeof actuatorsOf>[1][]) =>
    actuatorsOf(host, ...chosen).map(({ name }) => name);
  assert.deepEqual(names(), ['madvise', 'debugfs-split', 'damos', 'collapse-then-split']);
  assert.deepEqual(names(['collapse-then-split', 'madvise']), ['madvise', 'collapse-then-split']);
  const cools = (acting: Parameters<typeof actuatorsOf>[2]) =>
    actuatorsOf(host, ['madvise', 'debugfs-split', 'collapse-then-split'], acting).map((actuator) => [
      actuator.clearsReferences,
      'kind' in actuator || Object.getPrototypeOf(actuator) === Object.prototype,
    ]);
  const plain = {};
  assert.deepEqual(cools(plain), [[true, false], [true, true], [false, false]]); // biome-ignore format: by actuator
  assert.deepEqual(cools({ parameters: { allowSticky: true } }), [[true, true], [true, true], [false, false]]); // biome-ignore format: by actuator
  host.debugfs = 'EPERM';
  assert.equal(cools(plain)[1][0], false, 'what is not there is not prepared');
});

describe('processes that a recording tells of', () => {
  const file = (...rows: readonly (readonly [pid: number, command: string])[]) =>
    ({
      async *groups() {
        const [pid, command] = [rows.map(([one]) => one), rows.map(([, one]) => one)];
        yield { count: rows.length, pid: [...pid, 999], command: [...command, 'beyond'] };
      },
    }) as unknown as HeatFileSource;
  function host() {
    const made = new ScriptedHost([9]);
    for (const [pid, command] of [
      [1, 'init'],
      [7, 'web'],
      [8, 'web'],
      [999, 'beyond'],
    ] as const)
      made.texts.set(`/proc/${pid}/stat`, other(pid, command));
    made.identity.pid === 1 && Object.assign(made.identity, { pid: 42 });
    return made;
  }
  const found = async (files: readonly HeatFileSource[], scope = {}, on = host()) =>
    (await recordedProcesses(on, files, 'a.parquet', scope)).map(({ pid }) => pid);

  test('are those still there under the same name, of all files; process 1 is none', async () => {
    assert.deepEqual(await found([file([7, 'web'], [8, 'db'], [1, 'init']), file([100, 'db'])]), [7, 100]);
    assert.deepEqual(await found([file([7, ''], [6, ''])]), [7], 'a recording without names');
    assert.deepEqual(await found([file([7, 'web'], [8, 'web'])], { deny: ['8'] }), [7]);
  });

  test('none is not found; hidden is permission, where nobody else is there', async () => {
    await assert.rejects(found([file([6, 'web'])]), code('RECORDED_GONE'));
    await assert.rejects(found([]), code('RECORDED_GONE'));
    await assert.rejects(found([file([7, 'web'])], { deny: ['web'] }), code('RECORDED_GONE'));
    const hiding = host();
    hiding.unreadable.set('/proc/8/stat', 'EACCES');
    await assert.rejects(found([file([6, 'web'], [8, 'web'])], {}, hiding), code('PERMISSION'));
    assert.deepEqual(await found([file([8, 'web'], [7, 'web'])], {}, hiding), [7]);
    const unseen = host();
    Object.assign(unseen.identity, { isPrivileged: false });
    unseen.texts.set('/proc/self/mountinfo', '22 28 0:21 / /proc rw - proc proc rw,hidepid=2');
    await assert.rejects(found([file([6, 'web'])], {}, unseen), code('TARGET_UNSEEN'));
  });

  test('a pattern that protects nothing is told, and a bug is thrown', async () => {
    await assert.rejects(found([file([7, 'web'])], { deny: ['a/b'] }), code('TARGET_SYNTAX'));
    const broken = host();
    broken.files.readText = () => {
      throw new TypeError('a bug');
    };
    await assert.rejects(found([file([7, 'web'])], {}, broken), TypeError);
  });
});

describe('a whole turn', () => {
  /** Content as the memory file tells it: these blocks are all zero. */
  function emptied(blocks: readonly number[]) {
    const host = new ScriptedHost(Array(blocks.length).fill(9));
    host.calls.openMemory = () =>
      success({
        pid: PID,
        close: () => undefined,
        read: ({ start }, into) => {
          into.fill(blocks[Math.floor(start / 512) - FIRST_BLOCK] ?? 1);
          return success(into.length);
        },
      });
    return host;
  }

  test('plans and carries out, and says how many earlier splits others had undone', async () => {
    const host = emptied([0, 1, 0]);
    const request = { ...PLAIN, policy: 'return-empty' as const };
    const first = await takeTurn(host, request, new AbortController().signal);
    assert.deepEqual(
      [first.plan.steps.length, first.applied?.verdicts.map(({ outcome }) => outcome), first.undone],
      [2, ['met', 'met'], 0],
    );
    host.blocks[0].order = 9;
    host.blocks[0].frame = 777 * 512;
    host.calls.openMemory = () => failure({ errno: 'EACCES', call: 'open' });
    const second = await takeTurn(host, request, new AbortController().signal);
    assert.deepEqual([second.undone, second.applied, second.plan.steps], [1, undefined, []]);
    assert.equal((await takeTurn(host, request, new AbortController().signal)).undone, 0, 'counted once');
  });

  test('does not count what Octavo itself took back', async () => {
    const host = new ScriptedHost([9, 9]);
    await apply(host, await planFor(host, { split: [0], id: 'a' }));
    await apply(host, await planFor(host, { collapse: [0], id: 'b' }));
    const request = { ...PLAIN, collapse: [at(1)] };
    assert.equal((await takeTurn(host, request, new AbortController().signal)).undone, 0);
  });
});
