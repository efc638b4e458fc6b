import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skipUnlessLive } from '../live/abilities.js';
import { stressJournal } from './journal-stress.js';

/** `node scripts/stress-journal.mjs` does 200. */
const ROUNDS = 8;

describe('a journal that is read while it is written', { skip: skipUnlessLive() }, () => {
  it('says what page tables say after every kill, and undo takes back all', async () => {
    const report = await stressJournal(ROUNDS, 11, 1);
    assert.equal(report.runs, ROUNDS);
    console.log(`# ${JSON.stringify(report)}`);
  });
});
