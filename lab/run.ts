/** One kernel's run: boot, collect what the guest reports, once more for a machine that crashed, compare. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Architecture } from '../src/model/kernel/state/options.js';
import { traitsOf } from '../test/conformance/differences.js';
import { compareRows, type RowDifference, type Rows, type Scenario } from '../test/conformance/scenario.js';
import { baseArchive, type GuestPrograms, type JobParts, jobArchive, ownPrograms } from './image.js';
import type { GuestMessage } from './messages.js';
import { type Boot, type BootOutcome, boot } from './qemu.js';

export interface LabRequest {
  readonly series: string;
  /** x64 when absent. */
  readonly architecture?: Architecture;
  /** CPUs, MiB of memory and words of the kernel's command line, where others than usual are wanted. */
  readonly machine?: Partial<Pick<Boot, 'cpus' | 'memoryMiB' | 'append'>>;
  /** What the guest sets up, with the modules for it. */
  readonly setup?: Pick<JobParts, 'setup' | 'modules'>;
  /** Rows of scenarios that are held to others than those declared. */
  readonly expected?: Readonly<Record<string, Rows>>;
  /** What the guest is made of; this machine's own programs when absent. */
  readonly programs?: GuestPrograms;
  /** Kernel image to boot. */
  readonly kernel: string;
  readonly scenarios: readonly Scenario[];
  readonly root: string;
  readonly cache: string;
  readonly timeoutMs: number;
  /** Program to run as QEMU, and the guest’s root for some scenarios: those of the real lab when absent. */
  readonly program?: string;
  rootFor?(scenarios: readonly string[], folder: string): Promise<string>;
  say(line: string): void;
}

export interface ScenarioResult {
  readonly series: string;
  readonly scenario: string;
  readonly verdict: 'as declared' | 'differs' | 'failed' | 'not run';
  readonly rows: Rows;
  readonly differences: readonly RowDifference[];
  readonly notes: readonly string[];
  readonly problem: string;
  readonly seconds: number;
}

export interface LabRun {
  readonly series: string;
  readonly release: string;
  /** Guest uptime when Node reported, in seconds. */
  readonly readySeconds: number;
  readonly wallSeconds: number;
  readonly crashes: readonly string[];
  readonly results: readonly ScenarioResult[];
}

/** An arm64 machine has all of its first 3 GiB in the DMA zone, so that it gets more. */
const MEMORY_MIB = { x64: 2048, arm64: 6144 } as const;
const ATTEMPTS = 2;

export async function runLab(request: LabRequest): Promise<LabRun> {
  const folder = mkdtempSync(join(tmpdir(), 'octavo-lab-'));
  const began = Date.now();
  const collected = new Collected(request);
  const crashes: string[] = [];
  try {
    for (let attempt = 1; attempt <= ATTEMPTS && collected.missing().length > 0; attempt++) {
      const outcome = await bootOnce(request, folder, collected);
      if (outcome.finished) break;
      if (outcome.guestFailed) throw new Error(`the guest’s own program failed:\n${outcome.console}`);
      crashes.push(describeCrash(outcome, collected.current));
      request.say(`${crashes.at(-1)}${attempt < ATTEMPTS ? '; booting once more' : ''}`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { ...collected.result(), wallSeconds: (Date.now() - began) / 1000, crashes };
}

async function bootOnce(request: LabRequest, folder: string, collected: Collected): Promise<BootOutcome> {
  const scenarios = collected.missing();
  return boot(
    {
      kernel: request.kernel,
      root: await (request.rootFor?.(scenarios, folder) ?? rootFor(request, scenarios, folder)),
      program: request.program,
      socket: join(folder, 'results'),
      memoryMiB: MEMORY_MIB[request.architecture ?? 'x64'],
      ...(request.architecture === undefined ? {} : { architecture: request.architecture }),
      ...request.machine,
      timeoutMs: request.timeoutMs,
    },
    (message) => collected.take(message),
  );
}

async function rootFor(
  { root: project, cache, series, programs = ownPrograms(), setup = {} }: LabRequest,
  scenarios: readonly string[],
  folder: string,
): Promise<string> {
  const root = join(folder, 'root.cpio');
  copyFileSync(baseArchive(cache, programs), root);
  const job = join(folder, 'job.cpio');
  jobArchive(project, { series, scenarios }, job, { packages: programs.packages, ...setup });
  await appendFile(root, await readFile(job));
  return root;
}

function describeCrash(outcome: BootOutcome, current: string): string {
  const how = outcome.timedOut ? 'ran out of time' : `ended with ${outcome.ended}`;
  const lines = outcome.console.trim().split('\n');
  const shown = [...oopsHead(lines), ...lines.slice(-12)].join('\n  | ');
  return `the machine ${how} ${current ? `during ${current}` : 'before it was ready'}\n  | ${shown}`;
}

const OOPS = /\b(BUG:|Oops|WARNING:|Unable to handle|Kernel panic|Internal error|general protection fault)/;
const OOPS_LINES = 25;

/** The first complaint of the kernel and what follows it: the end of the console is often the end of a long trace. */
function oopsHead(lines: readonly string[]): string[] {
  const at = lines.findIndex((line) => OOPS.test(line));
  const end = lines.length - 12;
  if (at < 0 || at >= end) return [];
  const head = lines.slice(at, Math.min(at + OOPS_LINES, end));
  return at + OOPS_LINES < end ? [...head, '...'] : head;
}

/** What a guest has said so far; survives the machine. */
class Collected {
  readonly #request: LabRequest;
  readonly #results = new Map<string, ScenarioResult>();
  readonly #notes = new Map<string, string[]>();
  #release = '';
  #readySeconds = 0;
  current = '';

  constructor(request: LabRequest) {
    this.#request = request;
  }

  missing(): string[] {
    return this.#request.scenarios.map(({ name }) => name).filter((name) => !this.#results.has(name));
  }

  take(message: GuestMessage): void {
    switch (message.kind) {
      case 'ready':
        this.#release = message.release;
        this.#readySeconds = message.uptimeSeconds;
        this.#request.say(`${message.release} is up, Node after ${message.uptimeSeconds.toFixed(1)} s`);
        return;
      case 'start':
        this.current = message.scenario;
        this.#notes.set(message.scenario, []);
        return;
      case 'note':
        this.#notes.get(message.scenario)?.push(message.text);
        return;
      case 'rows':
        this.#finish(message.scenario, message.rows, '', message.seconds);
        return;
      case 'failed':
        this.#finish(message.scenario, {}, message.problem, message.seconds);
        return;
      case 'end':
        this.current = '';
    }
  }

  #finish(name: string, rows: Rows, problem: string, seconds: number): void {
    const scenario = this.#request.scenarios.find((candidate) => candidate.name === name);
    const declared = () => scenario?.expected(traitsOf(this.#request.series)) ?? {};
    const expected = this.#request.expected?.[name] ?? declared();
    const differences = problem ? [] : compareRows(expected, rows);
    const verdict = problem ? 'failed' : differences.length > 0 ? 'differs' : 'as declared';
    const notes = this.#notes.get(name) ?? [];
    const series = this.#request.series;
    const result = { series, scenario: name, verdict, rows, differences, notes, problem, seconds } as const;
    this.#results.set(name, result);
    const why = problem ? `: ${problem.split('\n')[0]}` : '';
    const place = `${this.#results.size} of ${this.#request.scenarios.length}`;
    this.#request.say(`${series} ${name}: ${verdict} (${seconds.toFixed(1)} s), ${place}${why}`);
  }

  result(): Pick<LabRun, 'series' | 'release' | 'readySeconds' | 'results'> {
    const results = this.#request.scenarios.map(({ name }) => this.#results.get(name) ?? this.#notRun(name));
    return {
      series: this.#request.series,
      release: this.#release,
      readySeconds: this.#readySeconds,
      results,
    };
  }

  #notRun(scenario: string): ScenarioResult {
    const series = this.#request.series;
    const nothing = { rows: {}, differences: [], notes: [], problem: '', seconds: 0 };
    return { series, scenario, verdict: 'not run', ...nothing };
  }
}
