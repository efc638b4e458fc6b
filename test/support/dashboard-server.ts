/** `octavo dashboard` as a process, and the address that it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { MAIN } from '../end-to-end/octavo.js';

export const TOKEN = 'a-token-of-the-test-0123456789';

export class DashboardServer {
  readonly address: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, address: string, ended: Promise<void>) {
    this.#child = child;
    this.address = address;
    this.#ended = ended;
  }

  /** `directory`: for the file with the token. `port`: 0 for any that is free. */
  static async start(directory: string, words: readonly string[], port = 0): Promise<DashboardServer> {
    const token = `${directory}/token`;
    writeFileSync(token, TOKEN, { mode: 0o600 });
    const flags = ['--token', token, '--listen', `127.0.0.1:${port}`];
    const child = spawn(process.execPath, [MAIN, 'dashboard', ...words, ...flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, OCTAVO_STATE: `${directory}/own-state`, NO_COLOR: '1' },
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const told = await printed(child, ended);
    return new DashboardServer(child, told, ended);
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  /** Address of a view, with the token. */
  at(hash = 'view=overview'): string {
    return `${this.address}#token=${TOKEN}&${hash}`;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }
}

/** The address that it prints when it serves. */
function printed(child: ChildProcess, ended: Promise<void>): Promise<string> {
  let said = '';
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk;
      const found = /http:\/\/[\d.]+:\d+\//.exec(said);
      if (found !== null) resolve(found[0]);
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    void ended.then(() => reject(new Error(`octavo dashboard ended: ${said}`)));
  });
}
