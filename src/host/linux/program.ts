import type { ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { failure, success } from '../../base/result.js';
import type { Answer, Program } from '../host.js';

const KEPT_ERROR_BYTES = 64 * 1024;

/** Starts a child with piped streams. The lookup comes first, so that a missing program is an answer, not an event. */
export function startProgram(command: string, parameters: readonly string[]): Answer<Program> {
  if (!isExecutable(command)) return failure({ errno: 'ENOENT', call: `execve ${command}` });
  // A group of its own: signals reach what it started as well, and those of the terminal come through this process.
  // Loaded here, since every command loads this file and few start a program.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const child = spawn(command, parameters, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  if (child.pid === undefined) return failure({ errno: 'EAGAIN', call: `execve ${command}` });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString('utf8')).slice(-KEPT_ERROR_BYTES);
  });
  // A child that ends early breaks the pipe; its end is told by `ended`.
  child.stdin.on('error', () => undefined);
  const ended = endOf(child);
  return success({
    pid: child.pid,
    output: child.stdout,
    errors: () => errors,
    write: (text: string) => void child.stdin.write(text),
    ended,
    signal: (name) => signalGroup(child, name),
  });
}

/** Its end is told by `ended`; a signal that comes too late is none. */
function signalGroup(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    child.kill(name);
  }
}

function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
}

function isExecutable(command: string): boolean {
  if (command.includes('/')) return canExecute(command);
  return (process.env.PATH ?? '').split(delimiter).some((folder) => canExecute(join(folder, command)));
}

function canExecute(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
