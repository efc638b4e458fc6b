/**
 * A process that owns memory of known content, to be inspected, split and collapsed from outside. Started as
 * `node workload.js`; speaks protocol.ts on its standard streams and ends when its input does.
 */
import { createInterface } from 'node:readline';
import { ownGeometry } from './own-calls.js';
import type { AnswerLine, Greeting, RequestLine, Verb } from './protocol.js';
import { WorkloadRefusal } from './refusal.js';
import { Verbs } from './verbs.js';

const geometry = ownGeometry();
const verbs = new Verbs(geometry);
// An interrupt from the terminal reaches the whole group; the process that started the workload decides when it ends.
process.on('SIGINT', () => undefined);
process.stdout.on('error', () => process.exit(0));

const { pageBytes, blockBytes } = geometry;
tell({ workload: 1, pid: process.pid, pageBytes, blockBytes } satisfies Greeting);
for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line.trim() === '') continue;
  const request = parsed(line);
  tell(await answerTo(request));
  if (request?.verb === 'exit') break;
}
await verbs.exit();
process.exit(0);

async function answerTo(request: RequestLine | undefined): Promise<AnswerLine> {
  const id = request?.id ?? -1;
  try {
    if (!request || !isVerb(request.verb)) throw new WorkloadRefusal('EINVAL', 'request');
    const answer = await verbs[request.verb](request as never);
    return { id, ok: true, answer };
  } catch (problem) {
    if (problem instanceof WorkloadRefusal)
      return { id, ok: false, errno: problem.errno, call: problem.call };
    // Anything else is a bug of the workload, and its answers could not be trusted any more.
    throw problem;
  }
}

function parsed(line: string): RequestLine | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as RequestLine) : undefined;
  } catch {
    return undefined;
  }
}

function isVerb(name: unknown): name is Verb {
  return (
    typeof name === 'string' &&
    Object.getOwnPropertyNames(Verbs.prototype).includes(name) &&
    name !== 'constructor'
  );
}

function tell(document: AnswerLine | Greeting): void {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
