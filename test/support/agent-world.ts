/** A model of a host with services, and an agent on it. */
import assert from 'node:assert/strict';
import type { AgentEvent } from '../../src/agent/loop/events.js';
import { Session } from '../../src/agent/loop/session.js';
import type { Hands } from '../../src/agent/turn/hands.js';
import { handsHere } from '../../src/agent/turn/hands-here.js';
import type { TurnRecord } from '../../src/agent/turn/turn-record.js';
import type { Host } from '../../src/host/host.js';
import { type ModelHost, modelHost } from '../../src/model/host/model-host.js';
import { access } from '../../src/model/kernel/access/access.js';
import { exit, mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { boot } from '../../src/model/kernel/boot.js';
import { ensureCgroup } from '../../src/model/kernel/files/cgroup-files.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';
import type { Process } from '../../src/model/kernel/state/process.js';
import { MIB } from '../../src/vocabulary/units.js';

export const FILE = '/etc/octavo/agent.yaml';

export class AgentWorld {
  readonly kernel: Kernel;
  readonly host: ModelHost;
  readonly turns: TurnRecord[] = [];
  readonly events: AgentEvent[] = [];

  constructor(configuration: string) {
    this.kernel = boot({ memoryBytes: 512 * MIB, thp: { enabled: 'always' } });
    this.host = modelHost(this.kernel);
    this.configure(configuration);
  }

  configure(text: string): void {
    this.host.files.makeDirectory('/etc/octavo');
    assert.ok(this.host.files.writeFile(FILE, `octavo: agent\nversion: 1\n${text}`).ok);
  }

  /** A process of a unit with so many huge pages, each with data in every 64th sub-page. */
  start(command: string, unit: string, hugePages: number): Process {
    const group = ensureCgroup(this.kernel, `/system.slice/${unit}`);
    assert.ok(typeof group !== 'string');
    const process = spawn(this.kernel, { command, memcg: group.id });
    const mm = process.mm as Mm;
    if (hugePages === 0) return process;
    const base = mmap(this.kernel, mm, { pages: hugePages * 512 });
    assert.ok(typeof base === 'number');
    for (let page = base; page < base + hugePages * 512; page += 64) access(this.kernel, mm, page, true);
    return process;
  }

  end(process: Process): void {
    exit(this.kernel, process);
  }

  session({
    signal = new AbortController().signal,
    host = this.host as Host,
    hands = undefined as Hands | undefined,
  } = {}): Session {
    return new Session({
      ...{ host, file: FILE, signal },
      makeHands: (directory) => hands ?? handsHere(host, FILE, directory),
      onTurn: (record) => void this.turns.push(record),
      onEvent: (event) => void this.events.push(event),
    });
  }

  /** Runs an agent for so long in virtual time; `then` is called at times in ms after its start. */
  async run(
    durationMs: number,
    then: Readonly<Record<number, (session: Session) => void>> = {},
    parts: { readonly host?: Host; readonly hands?: Hands } = {},
  ): Promise<Session> {
    const stop = new AbortController();
    const session = this.session({ ...parts, signal: stop.signal });
    const startMs = this.nowMs;
    const todo = Object.entries(then).map(([ms, act]) => ({ ms: Number(ms), act }));
    session.agent.addDuty({
      everyMs: 50,
      do: () => {
        const passed = this.nowMs - startMs;
        while (todo.length > 0 && todo[0].ms <= passed) todo.shift()?.act(session);
        if (passed >= durationMs) stop.abort('SIGTERM');
      },
    });
    await session.run();
    return session;
  }

  get nowMs(): number {
    return this.host.clock.monotonicNs() / 1e6;
  }

  turnsOf(target: string): readonly TurnRecord[] {
    return this.turns.filter((turn) => turn.target === target);
  }

  texts(): readonly string[] {
    return this.events.map(({ target, text }) => (target === '' ? text : `${target}: ${text}`));
  }
}
