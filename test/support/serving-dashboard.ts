/** `octavo dashboard` as a process of its own, with what a client of it needs. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { SAMPLE_FIELD as F } from '../../src/formats/perf-abi/constants.js';
import { octavo } from '../end-to-end/in-process.js';
import { MAIN } from '../end-to-end/octavo.js';
import { PerfBuilder } from './perf-builder.js';

export interface Dashboard {
  readonly child: ChildProcess;
  readonly port: number;
  readonly token: string;
  /** GET with the token. */
  get(target: string): Promise<Response>;
  open(): Socket;
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>;
  stop(): Promise<number | null>;
}

/** Serves what the words name, and has read it. Fails the test when it does not. */
export async function dashboard(...words: string[]): Promise<Dashboard> {
  const served = await listening(...words);
  await isRead(served);
  return served;
}

/** Until it has read its file. */
export async function isRead({ get }: Pick<Dashboard, 'get'>): Promise<void> {
  for (;;) {
    const overview = (await (await get('/api/overview')).json()) as { subject: { state: string } };
    if (overview.subject.state !== 'reading') return;
    await sleep(20);
  }
}

/** The same as soon as it listens. */
export async function listening(...words: string[]): Promise<Dashboard> {
  const child = spawn(process.execPath, [MAIN, 'dashboard', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const { at, token } = await announced(child);
  const url = new URL(at);
  return {
    ...{ child, port: Number(url.port), token, ended },
    get: (target) => fetch(new URL(target, url), { headers: { Authorization: `Bearer ${token}` } }),
    open: () => connect(Number(url.port), url.hostname).on('error', () => undefined),
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

function announced(child: ChildProcess): Promise<{ readonly at: string; readonly token: string }> {
  let [out, err] = ['', ''];
  child.stderr?.on('data', (bytes) => {
    err += bytes;
  });
  return new Promise((resolve, reject) => {
    // What it printed has been read by then, however late this process hears of its end.
    child.once('close', (code) => reject(new Error(`ended with ${code}: ${err}`)));
    child.stdout?.on('data', (bytes) => {
      out += bytes;
      // What was wrong with a file that it read afterwards is a document of its own behind it.
      const whole = /^\{\n[\s\S]*?\n\}\n/.exec(out);
      if (whole !== null) resolve(JSON.parse(whole[0]));
    });
  });
}

/** A heat file with some thousand pages over slices of a second. */
export async function someHeat(path: string, { blocks = 8, seconds = 5 } = {}): Promise<void> {
  const builder = new PerfBuilder();
  const sampleType = F.identifier | F.tid | F.time | F.addr;
  builder.attr({ sampleType, ids: [1], name: 'event', period: 1, config: 0x83d0 });
  builder.describeEvents().describeMachine();
  const base = 0x7f0000000000n;
  builder.comm(7, 7, 'db').mmap2(7, base, BigInt(blocks) * 0x200000n, '/data');
  for (let second = 1n; second <= BigInt(seconds); second++)
    for (let at = 0n; at < BigInt(blocks * 100); at++)
      builder.sample({
        id: 1,
        pid: 7,
        addr: base + ((at * 7919n) % (BigInt(blocks) * 512n)) * 4096n,
        time: second * 1_000_000_000n + at,
      });
  writeFileSync(`${path}.data`, builder.file());
  const done = await octavo(['import', `${path}.data`, '--slice', '1s', '--out', path, '--page-size', '4K']);
  assert.equal(done.code, 0, done.stderr);
}

export function residentBytes({ pid }: ChildProcess): number {
  return 1024 * Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

/** Descriptors that are open. */
export function descriptors({ pid }: ChildProcess): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
