/** A real agent of two processes, as a service manager starts it, with its status and what it takes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Status, StatusTarget } from '../../src/agent/life/status.js';
import { MAIN } from '../end-to-end/octavo.js';
import type { Scene } from './scene.js';

/** Puts Date.now as far ahead as a file says (milliseconds), in each process and thread of an agent. */
const SET_CLOCK = fileURLToPath(new URL('./set-clock.js', import.meta.url));

export interface Wanted {
  /** How often targets that are acted on have a turn. */
  readonly every: string;
  /** Names of commands that are only watched. */
  readonly watched: readonly string[];
  /** Share of the time that acts may hold locks; small ones make runs long. */
  readonly lockShare: string;
  /** CPU time of the agent itself, as a share of one core. */
  readonly cpu: string;
}

export const later = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** What `ask` finds, as soon as it finds it; undefined when it does not come in time. */
export async function within<Value>(ms: number, ask: () => Value | undefined): Promise<Value | undefined> {
  const endMs = performance.now() + ms;
  for (;;) {
    const found = ask();
    if (found !== undefined || performance.now() > endMs) return found;
    await later(20);
  }
}

/** Writes a configuration. Pressure is not looked at: the machine is shared, and what is soaked is the agent. */
export function configure({ directory, names }: Scene, wanted: Wanted, more = ''): void {
  mkdirSync(join(directory, 'state'), { recursive: true });
  const acting = (name: string, command: string) => `  - name: ${name}
    match: { command: '${command}' }
    policy: return-empty
    actuators: [madvise]
    every: ${wanted.every}
    act: true
    budgets: { lockShare: ${wanted.lockShare} }
    guards: { cpuPressure: 0, memoryPressure: 0, ioPressure: 0, memoryFull: 0, ioFull: 0, ownCpu: 100% }
`;
  const watched = wanted.watched.map(
    (name, index) => `  - { name: watched${index}, match: { command: '${name}' } }\n`,
  );
  const text = `octavo: agent
version: 1
state: ${directory}/state
runtime: ${directory}/run
metrics: { textfile: ${directory}/run/octavo.prom }
sampling: { cpu: ${wanted.cpu} }
deny:
  - command: '${names.denied}'
targets:
${acting('bloat', names.bloat)}${acting('churn', names.churn)}${watched.join('')}${more}`;
  writeFileSync(join(directory, 'agent.yaml'), text);
  chmodSync(join(directory, 'agent.yaml'), 0o644);
}

interface Taken {
  /** CPU time, milliseconds. */
  readonly cpuMs: number;
  /** Resident memory, bytes, and its part of what is shared with others. */
  readonly rss: number;
  readonly pss: number;
}

/** What a process takes; undefined when it is there no more. */
function taken(pid: number): Taken | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const bytes = (key: string) =>
      1024 * Number(new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
    return { cpuMs: (Number(fields[11]) + Number(fields[12])) * 10, rss: bytes('Rss'), pss: bytes('Pss') };
  } catch {
    return undefined;
  }
}

export class LiveAgent {
  readonly scene: Scene;
  readonly child: ChildProcess;
  readonly startedMs = performance.now();
  readonly ended: Promise<number | string | null>;
  errors = '';

  /** `smallState`: bytes of a file system of its own, which only this agent sees, for its state. */
  constructor(scene: Scene, smallState?: number) {
    this.scene = scene;
    rmSync(scene.path('run/status.json'), { force: true });
    const words = [MAIN, 'agent', '--config', scene.path('agent.yaml')];
    const mount = `mount -t tmpfs -o size=${smallState},mode=755 tmpfs "$0" && exec "$@"`;
    const [program, ...rest] =
      smallState === undefined
        ? [process.execPath, ...words]
        : ['unshare', '-m', 'sh', '-c', mount, scene.path('state'), process.execPath, ...words];
    this.child = spawn(program, rest, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        NODE_OPTIONS: `--import=${SET_CLOCK}`,
        OCTAVO_TEST_CLOCK: scene.path('clock'),
      },
    });
    this.child.stderr?.on('data', (chunk: Buffer) => {
      this.errors = (this.errors + chunk).slice(-100_000);
    });
    this.ended = new Promise((resolve) => {
      this.child.on('exit', (code, signal) => resolve(code ?? signal));
    });
  }

  get acting(): number {
    return this.child.pid ?? 0;
  }

  /** The deciding process; undefined while there is none. */
  get deciding(): number | undefined {
    try {
      const children = readFileSync(`/proc/${this.acting}/task/${this.acting}/children`, 'utf8').trim();
      return children === '' ? undefined : Number(children.split(' ')[0]);
    } catch {
      return undefined;
    }
  }

  status(): Status | undefined {
    try {
      return JSON.parse(readFileSync(this.scene.path('run/status.json'), 'utf8')) as Status;
    } catch {
      return undefined;
    }
  }

  target(name: string): StatusTarget | undefined {
    return this.status()?.targets.find((target) => target.name === name);
  }

  /** Waits until it has told its status. */
  async ready(ms = 60_000): Promise<boolean> {
    const path = this.scene.path('run/status.json');
    return (await within(ms, () => (existsSync(path) ? true : undefined))) === true;
  }

  /** Waits for its first turn of a target from now on that ended in one of these ways. */
  turnOf(name: string, ends: readonly string[], ms = 120_000): Promise<StatusTarget | undefined> {
    const before = this.target(name)?.last?.atMs;
    return within(ms, () => {
      const found = this.target(name);
      const isNew = found?.last !== null && found?.last !== undefined && found.last.atMs !== before;
      return isNew && ends.includes(found.last?.end ?? '') ? found : undefined;
    });
  }

  /** How a target stands, in words. */
  words(name: string): string {
    const { last, standing, reason } = this.target(name) ?? {};
    return [last?.end ?? 'no turn', last?.why, standing === 'clear' ? '' : standing, reason]
      .filter((word) => word)
      .join('; ');
  }

  /** CPU time and memory of both processes. */
  taken(): Taken {
    const both = [taken(this.acting), taken(this.deciding ?? 0)];
    const sum = (of: (one: Taken) => number) =>
      both.reduce((all, one) => all + (one === undefined ? 0 : of(one)), 0);
    return { cpuMs: sum(({ cpuMs }) => cpuMs), rss: sum(({ rss }) => rss), pss: sum(({ pss }) => pss) };
  }

  signal(pid: number | undefined, name: NodeJS.Signals): boolean {
    try {
      return pid !== undefined && process.kill(pid, name);
    } catch {
      return false;
    }
  }

  /** Milliseconds until neither process is there; undefined when one of these is for longer. */
  async over(pids: readonly number[], ms = 10_000): Promise<number | undefined> {
    const began = performance.now();
    const isOver = await within(ms, () => (pids.every((pid) => taken(pid) === undefined) ? true : undefined));
    return isOver === true ? performance.now() - began : undefined;
  }

  /** Ends it as a service manager does. */
  async stop(): Promise<{ readonly code: number | string | null; readonly tookMs: number | undefined }> {
    const pids = [this.acting, this.deciding ?? this.acting];
    this.signal(this.acting, 'SIGTERM');
    const tookMs = await this.over(pids);
    if (tookMs === undefined) for (const pid of pids) this.signal(pid, 'SIGKILL');
    return { code: await this.ended, tookMs };
  }
}
