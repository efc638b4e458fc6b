/**
 * Looking changes nothing. Every command that can be asked to look is run beside memory of every kind: forked, locked,
 * protected, guarded, under userfaultfd, of memfd, with holes, in swap. Before and after, page sizes, frames, sharing,
 * kernel events, DAMON and the state directory have to be the same.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { skipUnlessLive } from '../live/abilities.js';
import { LOOKING_LINES, lookingCommands, lookingSources, mayEndWith } from '../support/looking.js';
import { type LookingScene, lookingScene } from './looking-scene.js';
import { OctavoRunner } from './octavo.js';
import {
  damonTraces,
  differences,
  eventTraces,
  folderTraces,
  memoryTraces,
  referencedKb,
  type Traces,
} from './traces.js';

/** Others on this machine split and collapse, too: their events do not come every time. */
const ATTEMPTS = 3;
const IDLE_ATTEMPTS = 10;
/** What changes in this time although nobody looks is not asked of any command. */
const WATCH_MS = 1000;
/** So many lines of a command look at the same time. */
const LANES = 2;
/** Longest that one look may take: a userfault would keep it for ever. */
const PATIENCE_MS = 60_000;

it('every command that can look has its lines, and none of them lets it act', () => {
  const commands = lookingCommands();
  assert.deepEqual(Object.keys(LOOKING_LINES).sort(), commands.map(({ words }) => words).sort());
  const place = new Proxy(
    {},
    { get: (_, name) => (name === 'fresh' ? (file: string) => file : String(name)) },
  );
  for (const { words, effect, dryRun } of commands) {
    const lines = LOOKING_LINES[words](place as never);
    assert.ok(lines.length > 0, words);
    if (effect.kind === 'looks') continue;
    for (const line of lines) {
      if (effect.when !== undefined)
        assert.ok(!` ${line.join(' ')} `.includes(` ${effect.when} `), `${words} ${line}`);
      else assert.ok(dryRun && line.includes('--dry-run'), `${words} ${line}`);
    }
  }
  assert.deepEqual(lookingSources(), ['occupancy', 'smaps']);
});

describe('looking at live memory', { skip: skipUnlessLive() }, () => {
  const octavo = new OctavoRunner();
  const ambient = new Set<string>();
  let stage: LookingScene;

  before(async () => {
    stage = await lookingScene(octavo);
    const events = everybodys();
    await setTimeout(WATCH_MS);
    for (const name of changedSince(events)) ambient.add(name);
    for (const reason of stage.missing) console.log(`# not looked at: ${reason}`);
  });

  after(async () => {
    if (ambient.size > 0) console.log(`# what this machine changes by itself: ${[...ambient].join(', ')}`);
    await stage?.end();
    octavo.remove();
  });

  for (const { words } of lookingCommands()) {
    it(`${words} leaves everything as it was`, { timeout: ATTEMPTS * PATIENCE_MS }, async () => {
      const lines = () => LOOKING_LINES[words](stage.scene).map((line) => [...words.split(' '), ...line]);
      if (await leaveNoTrace(lines())) return;
      for (const at of lines().keys()) await leavesNoTrace(() => lines()[at]);
    });
  }

  it('marks no page as referenced, but on arm64 the huge pages that it reads', async () => {
    writeFileSync(`/proc/${stage.scene.pid}/clear_refs`, '1');
    const before = referencedKb(stage.seen);
    await look(['inspect', `${stage.scene.pid}`, '--content', 'all']);
    const marked = [...referencedKb(stage.seen)].filter(([name, kb]) => kb > (before.get(name) ?? 0));
    const read = process.arch === 'arm64' ? ['huge', 'memfd', 'armed', 'guarded', 'protected'] : [];
    assert.deepEqual(
      marked.filter(([name]) => !read.some((region) => name.endsWith(` ${region}`))),
      [],
    );
  });

  async function look(line: readonly string[]): Promise<void> {
    const ended = await octavo.run(line);
    const codes = mayEndWith(line[0] === 'damon' ? line.slice(0, 2).join(' ') : line[0]);
    assert.ok(codes.includes(ended.code ?? -1), `octavo ${line.join(' ')} → ${ended.code}\n${ended.stderr}`);
  }

  /**
   * Whether nothing at all changed while all lines ran, some beside each other. Where something did, each is asked by
   * itself, to tell which one it was, and whether it was not the machine.
   */
  async function leaveNoTrace(lines: readonly (readonly string[])[]): Promise<boolean> {
    const [own, events, waiting] = [traces(), everybodys(), [...lines]];
    const lane = async () => {
      for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) await look(line);
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const came = [...changedSince(events)].filter((name) => !ambient.has(name));
    return came.length === 0 && differences(own, traces()).length === 0;
  }

  /** `lineOf` makes the command line anew each time, since what it writes must not be there yet. */
  async function leavesNoTrace(lineOf: () => readonly string[]): Promise<void> {
    let always: Set<string> | undefined;
    let changed: readonly string[] = [];
    let lastedMs = 0;
    let line: readonly string[] = [];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [own, others, events, started] = [traces(), control(), everybodys(), Date.now()];
      line = lineOf();
      await look(line);
      lastedMs = Date.now() - started;
      const came = new Set([...changedSince(events)].filter((name) => !ambient.has(name)));
      always = always === undefined ? came : new Set([...always].filter((name) => came.has(name)));
      changed = differences(own, traces());
      // Where memory that no command was told of changed as well, the machine did it.
      const byMachine = differences(others, control()).length > 0;
      if (changed.length > 0 ? !byMachine : always.size === 0) break;
    }
    assert.deepEqual(changed, [], `octavo ${line.join(' ')}`);
    // What comes every time comes from the command, unless it comes without one as well.
    const left = always ?? new Set();
    for (let attempt = 0; attempt < IDLE_ATTEMPTS && left.size > 0; attempt++) {
      const events = everybodys();
      await setTimeout(lastedMs);
      for (const name of changedSince(events)) if (left.delete(name)) ambient.add(name);
    }
    assert.deepEqual([...left], [], `octavo ${line.join(' ')}: what came every time`);
  }

  const control = () => memoryTraces(stage.control);

  function traces(): Map<string, string> {
    const memory = [...memoryTraces(stage.seen)].filter(([name]) => !name.endsWith(': Referenced'));
    return new Map([...memory, ...folderTraces(octavo.path('state'))]);
  }
});

/** What others on this machine change as well: kernel events and DAMON. */
function everybodys(): Traces {
  return new Map([...eventTraces(), ...damonTraces()]);
}

function changedSince(before: Traces): Set<string> {
  const now = everybodys();
  const names = [...before.keys(), ...now.keys()];
  return new Set(names.filter((name) => now.get(name) !== before.get(name)));
}
