import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SUB_PAGE_ORIGIN } from '../../test/support/drawing.js';
import { ScriptedHost } from '../../test/support/scripted-host.js';
import { failure, success } from '../base/result.js';
import type { Host } from '../host/host.js';
import { HotMapBuilder } from '../hotness/hot-map-builder.js';
import { identityOf } from '../verification/observe.js';
import type { Plan } from '../vocabulary/plan.js';
import { GEOMETRY_4K } from '../vocabulary/units.js';
import { keepBeliefs, keepOutcome, readBeliefs } from './belief-file.js';
import type { JournalPlace } from './journal.js';

/** A scripted host that keeps files of bytes, and refuses to write when told so. */
class Kept {
  readonly scripted = new ScriptedHost([9, 9]);
  readonly files = new Map<string, Uint8Array>();
  isFull = false;
  bootId = 'boot-1';

  get place(): JournalPlace {
    const { scripted } = this;
    const host: Host = Object.create(scripted, {
      identity: { value: { ...scripted.identity, bootId: this.bootId } },
      files: {
        value: {
          ...scripted.files,
          readText: (path: string) => scripted.files.readText(path),
          readBytes: (path: string) => {
            const bytes = this.files.get(path);
            return bytes ? success(bytes) : failure({ errno: 'ENOENT', call: `read ${path}` });
          },
          writeFile: (path: string, content: string | Uint8Array) => {
            if (this.isFull) return failure({ errno: 'ENOSPC', call: `write ${path}` });
            this.files.set(
              path,
              Uint8Array.from(typeof content === 'string' ? Buffer.from(content) : content),
            );
            return success(undefined);
          },
        },
      },
    });
    return { host, directory: '/state' };
  }
}

function learnedOn(kept: Kept) {
  const { host } = kept.place;
  const process = identityOf(host, 100);
  const { beliefs } = readBeliefs(kept.place);
  const map = new HotMapBuilder(process, GEOMETRY_4K);
  for (let page = 0; page < 50; page++) map.addCount(512 * 7 + page, 3, 3);
  const heat = map.build([{ ...SUB_PAGE_ORIGIN, nature: 'all-accesses' }]);
  beliefs.learn(process, heat, { elapsedSeconds: 0, windowSeconds: 2, atMs: 1 });
  return { beliefs, process };
}

test('What was learned is there after a restart, in one file beside the journal', () => {
  const kept = new Kept();
  const { beliefs, process } = learnedOn(kept);
  assert.deepEqual(keepBeliefs(kept.place, beliefs), []);
  assert.deepEqual([...kept.files.keys()], ['/state/beliefs']);
  const again = readBeliefs(kept.place);
  assert.deepEqual(again.notes, []);
  const counts = [new Float64Array(512), new Float64Array(512)];
  const found = again.beliefs.of(process)?.block(7, counts[0]);
  assert.ok(found !== undefined && found.total > 0);
  assert.deepEqual(found, beliefs.of(process)?.block(7, counts[1]));
  assert.deepEqual(counts[0], counts[1]);
});

test('Nothing kept is nothing known, without a word', () => {
  const { beliefs, notes } = readBeliefs(new Kept().place);
  assert.deepEqual([beliefs.processes.length, notes], [0, []]);
});

test('Damage and another boot are told and survived, another start of the process is forgotten', () => {
  const kept = new Kept();
  const { beliefs, process } = learnedOn(kept);
  keepBeliefs(kept.place, beliefs);
  const bytes = kept.files.get('/state/beliefs') ?? assert.fail('not kept');
  kept.files.set('/state/beliefs', bytes.slice(0, -9));
  const damaged = readBeliefs(kept.place);
  assert.equal(damaged.beliefs.processes.length, 0);
  assert.match(damaged.notes[0], /^\/state\/beliefs is damaged: .*; what was learned before is forgotten$/);
  kept.files.set('/state/beliefs', bytes);
  kept.bootId = 'boot-2';
  assert.match(readBeliefs(kept.place).notes[0], /earlier boot/);
  kept.bootId = 'boot-1';
  kept.scripted.startTicks++;
  const replaced = readBeliefs(kept.place);
  assert.deepEqual([replaced.beliefs.of(process), replaced.notes], [undefined, []]);
});

test('Beliefs that cannot be written are a note, no failure', () => {
  const kept = new Kept();
  const { beliefs } = learnedOn(kept);
  kept.isFull = true;
  const [note] = keepBeliefs(kept.place, beliefs);
  assert.match(note, /cannot be written \(ENOSPC\)/);
  const predicted = { steps: [], prediction: { gainedNs: 0, lostNs: 0, bytes: 0, steps: 0 } };
  assert.deepEqual(keepOutcome(kept.place, predicted as unknown as Plan, []), [note]);
  assert.deepEqual(keepOutcome(kept.place, { steps: [] } as unknown as Plan, []), [], 'nothing to keep');
});
