/** Runs the real command line in a process of its own, as a user does. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Story } from './story.js';

const MAIN = fileURLToPath(new URL('../src/main.js', import.meta.url));

/** Bytes of one process as `octavo inspect --json` counts them. */
export interface Census {
  readonly residentBytes: number;
  readonly bytesByOrder: readonly number[];
  readonly pmdMappedBytes: number;
  readonly zeroMappedBytes: number;
}

export class OctavoCommand {
  readonly #story: Story;
  readonly #state: string;

  /** `state` is the directory for journals, apart from those of real use. */
  constructor(story: Story, state: string) {
    this.#story = story;
    this.#state = state;
  }

  /** Runs and shows a command; returns its exit code and its time. */
  async show(
    words: readonly string[],
    head: number,
    tail: number,
  ): Promise<{ code: number; seconds: number }> {
    const started = performance.now();
    const { code, stdout, stderr } = await this.#run(words);
    this.#story.command(words, `${stdout}${stderr}`, head, tail);
    return { code, seconds: (performance.now() - started) / 1000 };
  }

  /** Runs a command quietly and returns its document. */
  async json(words: readonly string[]): Promise<unknown> {
    const { code, stdout, stderr } = await this.#run([...words, '--json']);
    if (code !== 0) throw new Error(`octavo ${words.join(' ')} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** Totals of one process. `host` are the words that choose a recorded host, none for this machine. */
  async census(pid: number, host: readonly string[] = []): Promise<Census> {
    const document = await this.json([...host, 'inspect', String(pid), '--content', 'none']);
    return (document as { processes: { totals: Census }[] }).processes[0].totals;
  }

  #run(words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [MAIN, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OCTAVO_STATE: this.#state },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        if (code === null) reject(new Error(`octavo ${words[0]} was ended by ${signal}`));
        else resolve({ code, stdout, stderr });
      });
    });
  }
}
