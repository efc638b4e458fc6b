/** The stage of a real kernel: this machine's host and a Node process as the workload. */
import { fileURLToPath } from 'node:url';
import type { Host, Program } from '../../src/host/host.js';
import type { PageRange } from '../../src/vocabulary/units.js';
import type {
  Backing,
  CommandInterruption,
  CommandRun,
  Stage,
  Workload,
} from '../../test/conformance/stage.js';
import type { ReadSpan, WorkloadCommand } from './workload.js';

const MAIN = fileURLToPath(new URL('../../src/main.js', import.meta.url));
const HOLDER = fileURLToPath(new URL('damon-holder.js', import.meta.url));
const WORKLOAD = fileURLToPath(new URL('workload.js', import.meta.url));

export function guestStage(host: Host, kernel: string, note: (text: string) => void): Stage {
  return {
    host,
    kernel,
    note,
    startWorkload: () => GuestWorkload.start(host),
    octavo: (words, until) => (until ? interrupted(host, words, until) : inProcess(host, words)),
    killOctavoHoldingDamon: (pid, blocks, share) =>
      killHolder(host, [share ? 'share' : 'alone', pid, ...blocks].map(String)),
  };
}

/** An emulated machine takes half a minute to load the command line: so once for all commands that end by themselves. */
async function inProcess(host: Host, words: readonly string[]): Promise<CommandRun> {
  const { runInProcess } = await import('../../test/conformance/command-run.js');
  return runInProcess(host, words);
}

/** One that is ended by a signal is a process. */
async function interrupted(
  host: Host,
  words: readonly string[],
  { printed, before }: CommandInterruption,
): Promise<CommandRun> {
  const program = host.calls.start(process.execPath, [MAIN, ...words]);
  if (!program.ok) throw new Error(`octavo: ${program.error.errno}`);
  let out = '';
  let isPending = true;
  for await (const chunk of program.value.output) {
    out += Buffer.from(chunk).toString('utf8');
    if (!isPending || !printed.test(out)) continue;
    isPending = false;
    await before();
    program.value.signal('SIGTERM');
  }
  return { code: await program.value.ended, out, err: program.value.errors() };
}

async function killHolder(host: Host, parameters: readonly string[]): Promise<void> {
  const program = host.calls.start(process.execPath, [HOLDER, ...parameters]);
  if (!program.ok) throw new Error(`holder: ${program.error.errno}`);
  for await (const line of linesOf(program.value.output)) if (line === 'holding') break;
  program.value.signal('SIGKILL');
  const ended = await program.value.ended;
  if (ended !== 'SIGKILL') throw new Error(`holder ended with ${ended}: ${program.value.errors()}`);
}

class GuestWorkload implements Workload {
  readonly #program: Program;
  readonly #answers: AsyncIterator<string>;
  readonly #pagesPerBlock: number;

  private constructor(host: Host, program: Program) {
    this.#program = program;
    this.#answers = linesOf(program.output)[Symbol.asyncIterator]();
    this.#pagesPerBlock = host.identity.geometry.pagesPerBlock;
  }

  static async start(host: Host): Promise<GuestWorkload> {
    const program = host.calls.start(process.execPath, [WORKLOAD]);
    if (!program.ok) throw new Error(`workload: ${program.error.errno}`);
    const workload = new GuestWorkload(host, program.value);
    await workload.#answer();
    return workload;
  }

  get pid(): number {
    return this.#program.pid;
  }

  async map(blocks: number, backing: Backing): Promise<PageRange> {
    const start = Number(await this.#ask({ do: 'map', blocks, backing }));
    return { start, end: start + blocks * this.#pagesPerBlock };
  }

  async touch(range: PageRange, every: number): Promise<void> {
    await this.#ask({ do: 'touch', ...range, every });
  }

  async checksum(range: PageRange): Promise<string> {
    return String(await this.#ask({ do: 'checksum', ...range, every: 1 }));
  }

  async keepReading(ranges: readonly { readonly range: PageRange; readonly every: number }[]): Promise<void> {
    const spans: ReadSpan[] = ranges.map(({ range, every }) => ({ ...range, every }));
    await this.#ask({ do: 'read', spans });
  }

  async rest(): Promise<void> {
    await this.#ask({ do: 'read', spans: [] });
  }

  async end(): Promise<void> {
    this.#program.signal('SIGKILL');
    await this.#program.ended;
  }

  async #ask(command: WorkloadCommand): Promise<unknown> {
    this.#program.write(`${JSON.stringify(command)}\n`);
    return this.#answer();
  }

  async #answer(): Promise<unknown> {
    const line = await this.#answers.next();
    if (line.done) throw new Error(`workload ended: ${this.#program.errors()}`);
    return JSON.parse(line.value);
  }
}

async function* linesOf(output: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let pending = '';
  for await (const chunk of output) {
    const lines = (pending + Buffer.from(chunk).toString('utf8')).split('\n');
    pending = lines.pop() ?? '';
    yield* lines;
  }
}
