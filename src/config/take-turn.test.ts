/** A whole turn of a policy that builds on beliefs: what it is told, and what is learned and kept of it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as z from 'zod';
import { FIRST_BLOCK } from '../../test/support/drawing.js';
import { PID, ScriptedHost } from '../../test/support/scripted-host.js';
import { readBeliefs } from '../cycle/belief-file.js';
import { type PolicyInput, type PolicyKind, policyKind } from '../policies/policy.js';
import type { Proposal } from '../vocabulary/plan.js';
import type { Translation } from '../vocabulary/translation.js';
import type { TurnRequest } from './assemble.js';
import { KINDS } from './kinds.js';
import { takeTurn } from './take-turn.js';

const PAGE = 4096;

/** A policy that splits the first block, predicts a number of bytes, and keeps what it is told. */
function drawn(usesBeliefs: boolean, splits = true) {
  const told: PolicyInput[] = [];
  const kind: PolicyKind = policyKind({
    brief: 'for a test',
    parameters: z.strictObject({}),
    make: () => ({
      name: 'drawn',
      usesBeliefs,
      propose: (input) => {
        told.push(input);
        const { process } = input.sizes;
        const proposal: Proposal = {
          ...{ process, block: FIRST_BLOCK, targetOrder: 0, policy: 'drawn', reason: '' },
          action: 'split',
          gain: {
            ...{ returnedBytes: 500 * PAGE, reclaimableBytes: 0, tlbReachBytes: 0 },
            expected: { gainedNs: 0, lostNs: 1, bytes: 400 * PAGE, chance: 1 },
          },
          cost: { durationUs: 1, lockUs: 1, copiedBytes: 0, grownBytes: 0 },
          priority: 0,
        };
        return { proposals: splits ? [proposal] : [], passedOver: [] };
      },
    }),
  });
  return { told, kinds: { ...KINDS, policies: { drawn: kind } } };
}

/** A host that keeps bytes as they are written. */
function hostWithBytes(): ScriptedHost {
  const host = new ScriptedHost([{ zeroes: 500 }, 9]);
  const kept = new Map<string, Uint8Array>();
  const { writeFile, readBytes } = host.files;
  host.files.writeFile = (path, content) => {
    if (typeof content !== 'string') kept.set(path, content);
    return writeFile(path, String(content));
  };
  host.files.readBytes = (path) => {
    const bytes = kept.get(path);
    return bytes === undefined ? readBytes(path) : { ok: true, value: Buffer.from(bytes) };
  };
  return host;
}

const requestOf = (
  kinds: NonNullable<TurnRequest['kinds']>,
  more: Partial<TurnRequest> = {},
): TurnRequest => ({
  ...{ target: String(PID), scope: {}, policy: 'drawn', sources: ['smaps'], parameters: {}, budgets: {} },
  ...{ actuators: [], split: [], collapse: [], kinds },
  ...more,
});
const turn = (host: ScriptedHost, request: TurnRequest) =>
  takeTurn(host, request, new AbortController().signal);
const place = (host: ScriptedHost) => ({ host, directory: '/state' });
const ledgers = (host: ScriptedHost) =>
  readBeliefs(place(host)).beliefs.processes.map(({ ledger }) => ledger);

describe('beliefs', () => {
  test('are told to a policy that builds on them, learned of what was done, and kept', async () => {
    const host = hostWithBytes();
    const { told, kinds } = drawn(true);
    const { applied, undone } = await turn(host, requestOf(kinds));
    assert.deepEqual([applied?.verdicts.map(({ outcome }) => outcome), undone], [['met'], 0]);
    assert.equal(told[0].facts?.belief?.process.pid, PID);
    const [ledger] = ledgers(host);
    assert.deepEqual(
      [ledger.steps, ledger.predictedBytes, ledger.observedBytes, ledger.undone],
      [1, 400 * PAGE, 500 * PAGE, 0],
    );
  });

  test('learn of splits that others undid, and of a turn that did nothing', async () => {
    const host = hostWithBytes();
    await turn(host, requestOf(drawn(true).kinds));
    host.blocks[0].order = 9;
    host.blocks[0].frame = host.nextFrame += 512;
    host.nowNs += 60e9;
    const idle = drawn(true, false);
    const { applied, undone } = await turn(host, requestOf(idle.kinds));
    assert.deepEqual([applied, undone], [undefined, 1]);
    assert.equal(ledgers(host)[0].undone, 1);
    assert.equal(idle.told[0].facts?.belief?.ledger.steps, 1, 'from the turn before');
  });

  test('are neither read nor kept for a policy that does without', async () => {
    const host = hostWithBytes();
    const { told, kinds } = drawn(false);
    await turn(host, requestOf(kinds));
    assert.equal(host.texts.has('/state/beliefs'), false);
    assert.equal(told[0].facts?.belief, undefined);
  });
});

test('what is known of the CPU’s translation is told where the request says it', async () => {
  const translation = { entries: 7 } as unknown as Translation;
  const known = drawn(true, false);
  await turn(hostWithBytes(), requestOf(known.kinds, { translation }));
  assert.equal(known.told[0].facts?.translation, translation);
  const unknown = drawn(true, false);
  await turn(hostWithBytes(), requestOf(unknown.kinds));
  assert.notEqual(unknown.told[0].facts?.translation, translation);
});
