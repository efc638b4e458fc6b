/** The acting side of split-start.ts: prints what it is and what the other side says, and when that has ended. */
import { openChannel } from '../../src/host/linux/descriptor-channel.js';
import { statusOf } from './thread-status.js';

const channel = openChannel(Number(process.argv.at(-1)));
console.log(JSON.stringify({ side: 'acting', ...statusOf('self') }));
channel.send(Buffer.from('hello\n'));
for await (const chunk of channel.received) process.stdout.write(chunk);
console.log(JSON.stringify({ side: 'acting', ended: true }));
