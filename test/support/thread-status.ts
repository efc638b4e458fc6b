/** Capabilities of every thread of a process, by /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const LINES = [
  'Uid',
  'Groups',
  'CapInh',
  'CapPrm',
  'CapEff',
  'CapBnd',
  'CapAmb',
  'NoNewPrivs',
  'Seccomp',
] as const;
export type ThreadStatus = Readonly<Record<(typeof LINES)[number], string>>;

export interface ProcessStatus {
  readonly pid: number;
  readonly threads: readonly ThreadStatus[];
}

export function statusOf(pid: number | 'self'): ProcessStatus {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const text = readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1');
    const value = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1].trim() ?? '';
    return Object.fromEntries(LINES.map((name) => [name, value(name)])) as ThreadStatus;
  });
  return { pid: Number(pid === 'self' ? process.pid : pid), threads };
}
