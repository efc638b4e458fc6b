/** The status document: written by the agent, read by `octavo status`, `octavo top` and the dashboard. */
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import type { Host } from '../../host/host.js';
import { isAlive } from '../../host/lock-file.js';
import { OctavoError } from '../../vocabulary/errors.js';

const Text = z.string();
const Count = z.number();

const LastTurnSchema = z.looseObject({
  ...{ atMs: Count, end: Text, why: Text, processes: Count },
  /** Bytes; null when the turn did not look. */
  ...{ resident: Count.nullable(), huge: Count.nullable() },
  ...{ planned: Count, met: Count, returnedBytes: Count, notes: z.array(Text) },
});

/**
 * One target in the status document. Unknown keys pass, so that an older `octavo status` reads a newer agent.
 */
export const StatusTargetSchema = z.looseObject({
  ...{ name: Text, match: Text, act: z.boolean(), policy: Text, processes: Count },
  standing: z.enum(['clear', 'holding', 'backing-off', 'observe-only']),
  /** What guards could not judge, and why. */
  blind: z.array(Text),
  /** Wall times; null when there is none. */
  ...{ untilMs: Count.nullable(), reason: Text, nextMs: Count },
  last: LastTurnSchema.nullable(),
  /** Its processes, the first of many. Absent in documents of before. */
  members: z.array(z.object({ pid: z.int(), startTicks: z.int(), command: Text, cgroup: Text })).optional(),
  totals: z.record(Text, Count),
  /** Wall time since when somebody has paused it; null when it is not. Absent in documents of before. */
  pausedSinceMs: Count.nullable().optional(),
});

/** The status document (`octavo: agent-status`, version 1). */
export const StatusSchema = z.looseObject({
  octavo: z.literal('agent-status'),
  version: z.literal(1),
  holder: z.object({ pid: z.int(), startTicks: z.int(), bootId: Text }),
  startedMs: Count,
  updatedMs: Count,
  configuration: z.looseObject({ file: Text, files: z.array(Text), loadedMs: Count, problem: Text }),
  /** Processes on the host, and CPU time of the agent. */
  watching: z.looseObject({ listed: Count, known: Count, waiting: Count, groupless: Count, problem: Text }),
  own: z.looseObject({ cpuMs: Count, cpuBound: Count }),
  /** What cannot be done at the moment: state that cannot be written, and the like. */
  troubles: z.array(Text),
  targets: z.array(StatusTargetSchema),
  /** What people asked of it, the newest last, and what came of it. Absent in documents of before. */
  asked: z
    .array(
      z.looseObject({
        ...{ id: Text, atMs: Count, kind: Text, target: Text, words: Text, run: Text },
        state: z.enum(['waiting', 'done', 'refused']),
      }),
    )
    .optional(),
  /** The last of what happened, the newest last. */
  events: z.array(z.looseObject({ atMs: Count, target: Text, text: Text })),
});

/** The status document as data. */
export type Status = z.infer<typeof StatusSchema>;
/** A target of the status document as data. */
export type StatusTarget = z.infer<typeof StatusTargetSchema>;

/**
 * Where a service of root has them: below the service manager's RuntimeDirectory, which it gives back to root, with all that is in
 * it, whenever it runs a command of the unit, such as ExecReload=.
 */
export const RUNTIME_OF_ROOT = '/run/octavo/agent';

/** Where the status and the lock of a host's agent are, unless told otherwise. */
export function runtimeDirectory({ identity }: Host): string {
  return identity.userId === 0 ? RUNTIME_OF_ROOT : `${identity.stateDirectory}/run`;
}

const pathOf = (directory: string) => `${directory}/status.json`;

/** Returns why it could not be written, or undefined. */
export function writeStatus(host: Host, directory: string, status: Status): string | undefined {
  const written = host.files.writeFile(pathOf(directory), `${JSON.stringify(status)}\n`);
  return written.ok ? undefined : `${pathOf(directory)} cannot be written (${written.error.errno})`;
}

/** Where a reader looks: this user's own agent comes before that of root. */
export function statusDirectory(host: Host): string {
  const own = runtimeDirectory(host);
  return host.files.status(pathOf(own)).ok ? own : RUNTIME_OF_ROOT;
}

/** A status that was found, and whether the process that wrote it still runs. */
export interface ReadStatus {
  readonly status: Status;
  readonly isRunning: boolean;
}

/** Throws AGENT_ABSENT where none ever ran, and PERMISSION. */
export function readStatus(host: Host, directory: string): ReadStatus {
  const path = pathOf(directory);
  const text = host.files.readText(path);
  if (!text.ok) {
    const { errno, call } = text.error;
    if (errno === 'EACCES')
      throw new OctavoError('PERMISSION', { call, errno, needs: 'the user of the agent, or root' });
    throw new OctavoError('AGENT_ABSENT', { why: `there is no ${path}` });
  }
  const value = parseJson(text.value);
  const status = value.ok ? StatusSchema.safeParse(value.value).data : undefined;
  if (status === undefined) throw new OctavoError('AGENT_ABSENT', { why: `${path} is no status` });
  return { status, isRunning: isAlive(host, status.holder) };
}
