/** Starts the workload and talks with it: one typed method for all verbs, refusals as WorkloadRefusal. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AnswerLine, Dialogue, Greeting, Verb } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';

const PROGRAM = fileURLToPath(new URL('./workload.js', import.meta.url));
/** Time to end by itself before it is killed. */
const PATIENCE_MS = 5000;

interface Waiting {
  resolve(answer: never): void;
  reject(problem: Error): void;
}

export class WorkloadClient {
  readonly pid: number;
  readonly greeting: Greeting;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended: Promise<string>;
  #errors: () => string;
  #nextId = 1;
  /** How the workload ended; undefined while it runs. */
  #end: string | undefined;

  private constructor(conversation: Conversation, greeting: Greeting) {
    this.#child = conversation.child;
    this.#ended = conversation.ended;
    this.#errors = conversation.errors;
    this.greeting = greeting;
    this.pid = greeting.pid;
    conversation.lines.on('line', (line) => this.#take(JSON.parse(line) as AnswerLine));
    void this.#ended.then((how) => this.#failAll(how));
  }

  /** Starts a workload. Fails with what it wrote to standard error when it cannot run, say without koffi. */
  /** `program`: Node by another name, so that a target of that name is this process and no other. */
  static async start(program = process.execPath): Promise<WorkloadClient> {
    const conversation = begin(program);
    const first = new Promise<string>((resolve) => conversation.lines.once('line', resolve));
    const early = conversation.ended.then((how) => {
      throw new Error(`the workload ended at once (${how}): ${conversation.errors()}`);
    });
    return new WorkloadClient(conversation, JSON.parse(await Promise.race([first, early])) as Greeting);
  }

  ask<Name extends Verb>(verb: Name, request: Dialogue[Name]['ask']): Promise<Dialogue[Name]['answer']> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) {
        reject(this.#endedEarly(this.#end));
        return;
      }
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, verb, ...request })}\n`);
    });
  }

  /** Ends it: politely first, then by its pid. Safe to call twice. */
  async end(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Ends it without a word, as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #take(line: AnswerLine): void {
    const waiting = this.#waiting.get(line.id);
    this.#waiting.delete(line.id);
    if (line.ok) waiting?.resolve(line.answer as never);
    else waiting?.reject(new WorkloadRefusal(line.errno, line.call));
  }

  #failAll(how: string): void {
    this.#end = how;
    for (const { reject } of this.#waiting.values()) reject(this.#endedEarly(how));
    this.#waiting.clear();
  }

  #endedEarly(how: string): Error {
    return new Error(`the workload ended (${how}) before it answered: ${this.#errors()}`);
  }
}

interface Conversation {
  readonly child: ChildProcessWithoutNullStreams;
  readonly lines: ReturnType<typeof createInterface>;
  readonly ended: Promise<string>;
  errors(): string;
}

function begin(program: string): Conversation {
  const child = spawn(program, [PROGRAM], { stdio: ['pipe', 'pipe', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-4096);
  });
  // A workload that has ended breaks the pipe; its end is told by `ended`.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.on('error', (problem) => resolve(problem.message));
    child.on('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  return { child, lines: createInterface({ input: child.stdout }), ended, errors: () => errors.trim() };
}
