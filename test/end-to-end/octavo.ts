/** Runs the built command line as a user does. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentProblem } from '../../src/cli/documents.js';

/** The build; with OCTAVO_TEST_MAIN another one, such as bundle/octavo.js, which is what users install. */
export const MAIN =
  process.env.OCTAVO_TEST_MAIN ?? fileURLToPath(new URL('../../src/main.js', import.meta.url));

/** When to send SIGKILL: so many milliseconds after the journal of the run, new by then, has so many lines (0: after the start). */
export interface Kill {
  readonly lines: number;
  readonly ms: number;
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A place for journals and plans that goes away with the test. */
export class OctavoRunner {
  readonly directory = mkdtempSync(join(tmpdir(), 'octavo-e2e-'));

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Names of the runs that have a journal, oldest first. */
  runs(): readonly string[] {
    try {
      return readdirSync(this.path('state/runs')).sort();
    } catch {
      return [];
    }
  }

  /** Runs `octavo …words`; with `kill`, SIGKILL comes then, if it runs for so long. */
  run(words: readonly string[], kill?: Kill): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        OCTAVO_STATE: this.path('state'),
        NO_COLOR: '1',
        LC_ALL: 'C.UTF-8',
        COLUMNS: '',
      },
    });
    const timers = kill ? this.#killLater(child, kill) : [];
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
        for (const timer of timers) clearTimeout(timer);
        resolve({ code, signal, stdout, stderr });
      });
    });
  }

  /** The timers, to be cleared when the program ends before. */
  #killLater(child: ChildProcess, { lines, ms }: Kill): NodeJS.Timeout[] {
    const before = this.runs().length;
    const isDue = () => {
      const runs = this.runs();
      return lines === 0 || (runs.length > before && this.#linesOf(runs.at(-1) ?? '') >= lines);
    };
    const timers = [
      setInterval(() => {
        if (!isDue()) return;
        clearInterval(timers[0]);
        timers.push(setTimeout(() => child.kill('SIGKILL'), ms));
      }, 2),
    ];
    return timers;
  }

  #linesOf(run: string): number {
    try {
      return readFileSync(this.path(`state/runs/${run}/journal.jsonl`), 'latin1').split('\n').length - 1;
    } catch {
      return 0;
    }
  }

  /** Runs with `--json` and answers the document; throws when the exit code is none of those expected. */
  async json<Document>(words: readonly string[], expected: readonly number[] = [0]): Promise<Document> {
    const ended = await this.run([...words, '--json']);
    if (ended.code === null || !expected.includes(ended.code)) {
      throw new Error(
        `octavo ${words.join(' ')} → ${ended.code ?? ended.signal}\n${ended.stderr}${ended.stdout}`,
      );
    }
    const document: unknown = JSON.parse(ended.stdout);
    const problem = documentProblem(document);
    if (problem !== '') throw new Error(`octavo ${words.join(' ')}: ${problem}`);
    return document as Document;
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
