/**
 * `octavo agent` as two processes: what either may do, that they act, and that the end of either, by whatever signal, ends
 * the other within a second and leaves nothing behind.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { MapAnswer } from '../../demo/protocol.js';
import { skipUnlessLive } from '../live/abilities.js';
import type { WorkloadClient } from '../live/workload-client.js';
import { writeAgentFile } from '../support/agent-file.js';
import { removeFolder } from '../support/remove-folder.js';
import { statusOf, type ThreadStatus } from '../support/thread-status.js';
import { hugeBlocks, hugeRegion, MIB, quietWorkload } from './live-target.js';
import { MAIN } from './octavo.js';

const skip = process.geteuid?.() === 0 ? skipUnlessLive() : 'only root can start a process as another user';
const NOTHING = '0000000000000000';
/** CAP_DAC_READ_SEARCH, CAP_IPC_LOCK, CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_NICE, CAP_PERFMON. */
const KEPT = [2n, 14n, 19n, 21n, 23n, 38n].reduce((bits, bit) => bits | (1n << bit), 0n);
const BLOCKS = 8;
const NAME = `sides-${process.pid}`;
const SECOND = 1000;

const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Pids of a process's children. */
function childrenOf(pid: number): string {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
}

async function until<Value>(what: string, ask: () => Value | undefined, ms = 60_000): Promise<Value> {
  for (let waited = 0; waited < ms; waited += 20) {
    const found = ask();
    if (found !== undefined) return found;
    await later(20);
  }
  throw new Error(`${what} did not come`);
}

describe('an agent of two processes', { skip }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'octavo-sides-'));
  const at = (name: string) => join(directory, name);
  let workload: WorkloadClient;
  let region: MapAnswer;
  const agents: ChildProcess[] = [];

  before(async () => {
    chmodSync(directory, 0o755);
    // A name of its own: other programs of Node are nobody's target here.
    symlinkSync(process.execPath, at(NAME));
    workload = await quietWorkload(at(NAME));
    assert.equal(readFileSync(`/proc/${workload.pid}/comm`, 'utf8').trim(), NAME);
    region = await hugeRegion(workload, 'sides', BLOCKS * 2 * MIB);
  });

  after(async () => {
    for (const agent of agents) agent.kill('SIGKILL');
    await workload?.end();
    await removeFolder(directory);
  });

  const configure = (act: boolean) => writeAgentFile(directory, { command: NAME, act });

  /** An agent that has told its status, with the pids of both sides. */
  async function start() {
    rmSync(at('run/status.json'), { force: true });
    const agent = spawn(process.execPath, [MAIN, 'agent', '--config', at('agent.yaml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    agents.push(agent);
    let errors = '';
    agent.stderr.on('data', (chunk: Buffer) => {
      errors += chunk;
    });
    const ended = new Promise<{ readonly code: number | string | null; readonly atMs: number }>((resolve) => {
      agent.on('exit', (code, signal) => resolve({ code: code ?? signal, atMs: performance.now() }));
    });
    await until(`the status (${errors})`, () => (existsSync(at('run/status.json')) ? true : undefined));
    const acting = agent.pid ?? 0;
    const deciding = Number(childrenOf(acting));
    return { agent, acting, deciding, ended, errors: () => errors };
  }

  const isThere = (pid: number) => existsSync(`/proc/${pid}/exe`) || !isOver(pid);
  const isOver = (pid: number) => {
    try {
      return /^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return true;
    }
  };

  it('has one without capabilities and one with the few that it needs, on every thread, and acts', async () => {
    configure(true);
    const { agent, acting, deciding, ended } = await start();
    for (const thread of statusOf(deciding).threads) {
      const { CapInh, CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Uid, Groups } = thread;
      assert.deepEqual(
        { CapInh, CapPrm, CapEff, CapBnd, CapAmb, NoNewPrivs, Groups },
        {
          ...{ CapInh: NOTHING, CapPrm: NOTHING, CapEff: NOTHING, CapBnd: NOTHING, CapAmb: NOTHING },
          ...{ NoNewPrivs: '1', Groups: '' },
        },
      );
      assert.ok(
        Uid.split('\t').every((id) => Number(id) > 0),
        Uid,
      );
    }
    for (const thread of statusOf(acting).threads) assert.deepEqual(beyond(thread), []);
    await until('a turn that acts', () =>
      hugeBlocks(workload.pid, region).includes(true) ? undefined : true,
    );
    assert.ok(existsSync(at('state/runs')), 'journaled by the acting side');
    assert.ok(existsSync(at('state/deciding')), 'remembered by the deciding side');
    agent.kill('SIGTERM');
    const { code } = await ended;
    assert.equal(code, 130);
    await until('the end of the deciding side', () => (isThere(deciding) ? undefined : true), SECOND);
  });

  /** What a thread of the acting side has and should not have. */
  function beyond({ CapEff, CapPrm, CapBnd, NoNewPrivs }: ThreadStatus): readonly string[] {
    const sets = Object.entries({ CapEff, CapPrm, CapBnd });
    const more = sets.filter(([, set]) => (BigInt(`0x${set}`) & ~KEPT) !== 0n).map(([name]) => name);
    return NoNewPrivs === '1' ? more : [...more, 'NoNewPrivs'];
  }

  for (const side of ['deciding', 'acting'] as const)
    it(`ends within a second when the ${side} side is killed`, async () => {
      configure(false);
      const started = await start();
      const { acting, deciding, ended } = started;
      const killedAt = performance.now();
      process.kill(side === 'acting' ? acting : deciding, 'SIGKILL');
      const { code, atMs } = await ended;
      assert.ok(atMs - killedAt < 5 * SECOND, `${atMs - killedAt} ms`);
      assert.equal(code, side === 'acting' ? 'SIGKILL' : 137);
      await until(
        'the end of the other side',
        () => (isThere(deciding) || isThere(acting) ? undefined : true),
        5 * SECOND,
      );
      assert.equal(existsSync(at('state/lock')), false);
    });

  it('reads its configuration again on both sides', async () => {
    configure(false);
    const { agent, ended } = await start();
    writeFileSync(
      at('agent.yaml'),
      readFileSync(at('agent.yaml'), 'utf8').replace(`name: ${NAME}`, 'name: renamed'),
    );
    agent.kill('SIGHUP');
    await until('the new name', () =>
      readFileSync(at('run/status.json'), 'utf8').includes('renamed') ? true : undefined,
    );
    agent.kill('SIGTERM');
    assert.equal((await ended).code, 130);
  });

  it('goes on as one, and says so, where the other user cannot come', async () => {
    configure(false);
    chmodSync(directory, 0o700);
    const { agent, acting, ended, errors } = await start();
    assert.match(errors(), /has all privileges as well: prepare its directories: user \d+ may not enter /);
    assert.equal(childrenOf(acting), '');
    agent.kill('SIGTERM');
    assert.equal((await ended).code, 130);
    chmodSync(directory, 0o755);
  });
});
