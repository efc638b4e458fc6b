/** Runs a command line in a process of its own, to see how much memory it takes at most. */
import { spawnSync } from 'node:child_process';

const moduleAt = (path: string) => JSON.stringify(new URL(`../../src/${path}`, import.meta.url).href);

export interface MeasuredRun {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
  readonly mib: number;
}

export function measuredRun(words: readonly string[]): MeasuredRun {
  const program = `
    import { readFileSync } from 'node:fs';
    import { runCommandLine } from ${moduleAt('cli/application/application.js')};
    import { OctavoContext } from ${moduleAt('cli/context.js')};
    import { linuxHost } from ${moduleAt('host/linux/linux-host.js')};
    const to = (stream) => ({ write(text) { stream.write(text); } });
    const streams = { out: to(process.stdout), err: to(process.stderr), input: process.stdin, interactive: false, columns: 100 };
    const context = new OctavoContext(linuxHost(), streams, new AbortController().signal);
    process.exitCode = await runCommandLine(${JSON.stringify(words)}, context);
    // Of this program alone: what resourceUsage() says holds for the parent before exec, too.
    process.stderr.write('maxrss ' + /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1] + '\\n');`;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
    timeout: 300_000,
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 26,
  });
  const mib = Number(/maxrss (\d+)/.exec(ended.stderr)?.[1]) / 1024;
  return { code: ended.status, out: ended.stdout, err: ended.stderr, mib };
}
