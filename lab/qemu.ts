/** Boots one guest in QEMU without hardware virtualisation and streams what it reports. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { Architecture } from '../src/model/kernel/state/options.js';
import type { GuestMessage } from './messages.js';

export interface Boot {
  /** x64 when absent. */
  readonly architecture?: Architecture;
  readonly kernel: string;
  /** Concatenated archives of the guest's root. */
  readonly root: string;
  /** Unix socket that the results come through. */
  readonly socket: string;
  readonly memoryMiB: number;
  /** 2 when absent. */
  readonly cpus?: number;
  /** Further words of the kernel's command line. */
  readonly append?: string;
  readonly timeoutMs: number;
  /** Program to run as QEMU; the real one when absent. */
  readonly program?: string | undefined;
  /** Time by executed instructions, on one CPU: what the guest sees does not depend on how busy this machine is. */
  readonly steady?: boolean;
}

export interface BootOutcome {
  /** The guest said that it had done everything. */
  readonly finished: boolean;
  /** QEMU's exit code or the signal that ended it. */
  readonly ended: number | string;
  readonly timedOut: boolean;
  /** The guest's program ended with an error: no crash of the machine, and no reason to try again. */
  readonly guestFailed: boolean;
  /** Last lines of the serial console. */
  readonly console: string;
}

export const QEMU = 'qemu-system-x86_64';

export function qemuOf(architecture: Architecture): string {
  return architecture === 'arm64' ? 'qemu-system-aarch64' : QEMU;
}

export function findQemu(architecture: Architecture = 'x64'): string | undefined {
  const result = spawnSync(qemuOf(architecture), ['--version'], { encoding: 'utf8' });
  return result.status === 0 ? result.stdout.split('\n')[0] : undefined;
}

/** Runs one boot to its end. Messages arrive while it runs; the machine is stopped after the guest's last one. */
export async function boot(machine: Boot, onMessage: (message: GuestMessage) => void): Promise<BootOutcome> {
  rmSync(machine.socket, { force: true });
  let finished = false;
  const server = await listen(machine.socket, (message) => {
    if (message.kind === 'end') finished = true;
    onMessage(message);
  });
  try {
    const outcome = await run(machine);
    return { ...outcome, finished };
  } finally {
    server.close();
    rmSync(machine.socket, { force: true });
  }
}

async function run(machine: Boot): Promise<Omit<BootOutcome, 'finished'>> {
  const child = spawn(
    'nice',
    ['-n', '19', machine.program ?? qemuOf(machine.architecture ?? 'x64'), ...parameters(machine)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const stop = () => child.kill('SIGKILL');
  const stopAndEnd = () => {
    stop();
    process.exit(130);
  };
  process.once('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stopAndEnd);
  const console = tailOf(child);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    stop();
  }, machine.timeoutMs);
  const ended = await new Promise<number | string>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', (code, signal) => done(signal ?? code ?? 'unknown'));
  });
  clearTimeout(timer);
  process.off('exit', stop);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stopAndEnd);
  const guestFailed = /^guest: main ended with [1-9]/m.test(console());
  return { ended, timedOut, guestFailed, console: console() };
}

const COMMAND_LINE: Readonly<Record<Architecture, string>> = {
  x64: 'console=ttyS0 quiet panic=-1 no_timer_check',
  arm64: 'console=ttyAMA0 quiet panic=-1',
};

/**
 * With one CPU the kernel trusts its time stamp counter, whose rate it has measured against an emulated timer: on a busy machine
 * the guest's clock then runs many times too fast. With several it finds by itself that they differ.
 */
const OWN_CLOCK: Readonly<Record<Architecture, string>> = { x64: 'tsc=unstable', arm64: '' };

/** 4 ns of guest time an instruction; sleep is skipped. */
const STEADY = ['-accel', 'tcg,thread=single', '-smp', '1', '-icount', 'shift=2,sleep=off'];

/**
 * Without cx16: kernels up to 6.12 take faults in their allocator's cmpxchg16b path under QEMU 7.2's emulation.
 * no_timer_check: on a busy machine the emulated timer may miss the kernel's test of it, which then panics.
 * The kernel comes up as its makers set it, DAMON_STAT included: the guest turns that off when a scenario needs DAMON.
 */
function parameters(machine: Boot): string[] {
  return [
    ...(machine.steady ? STEADY : ['-accel', 'tcg,thread=multi', '-smp', String(machine.cpus ?? 2)]),
    ...(machine.architecture === 'arm64'
      ? ['-machine', 'virt', '-cpu', 'max']
      : ['-machine', 'q35', '-cpu', 'max,-cx16']),
    ...['-m', `${machine.memoryMiB}M`, '-nodefaults', '-no-user-config', '-nographic', '-no-reboot'],
    ...['-serial', 'stdio', '-monitor', 'none', '-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=results,path=${machine.socket}`],
    ...['-device', 'virtserialport,chardev=results,name=results'],
    ...['-kernel', machine.kernel, '-initrd', machine.root],
    ...['-append', commandLine(machine)],
  ];
}

function commandLine({ architecture = 'x64', cpus, steady = false, append = '' }: Boot): string {
  const clock = cpus === 1 && !steady ? OWN_CLOCK[architecture] : '';
  return [COMMAND_LINE[architecture], clock, append].filter((words) => words !== '').join(' ');
}

function tailOf(child: ChildProcess): () => string {
  let text = '';
  const take = (chunk: Buffer) => {
    text = (text + chunk.toString('utf8')).slice(-262_144);
  };
  child.stdout?.on('data', take);
  child.stderr?.on('data', take);
  return () => text;
}

/** A machine that is going down may write anything. */
function messageOf(line: string): GuestMessage | undefined {
  try {
    const value = JSON.parse(line) as Partial<GuestMessage> | null;
    return typeof value?.kind === 'string' ? (value as GuestMessage) : undefined;
  } catch {
    return undefined;
  }
}

function listen(path: string, onMessage: (message: GuestMessage) => void): Promise<Server> {
  const server = createServer((socket: Socket) => {
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = messageOf(line);
        if (message) onMessage(message);
      }
    });
    socket.on('error', () => socket.destroy());
  });
  return new Promise((done, failed) => {
    server.once('error', failed);
    server.listen(path, () => done(server));
  });
}
