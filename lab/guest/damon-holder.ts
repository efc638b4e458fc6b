/** An Octavo that takes a DAMON slot, starts a scheme on blocks and waits to be killed. share|alone PID BLOCK… */
import { blockContext, NO_PACING } from '../../src/actuators/damos/block-context.js';
import { DamonSlot } from '../../src/damon/slot.js';
import { linuxHost } from '../../src/host/linux/linux-host.js';

const [how, ...numbers] = process.argv.slice(2);
const [pid, ...blocks] = numbers.map(Number);
const host = linuxHost();
const slot = await DamonSlot.open(host, { share: how === 'share' });
if (!slot.ok) throw new Error(slot.error.owner);
const order = { pid, action: 'stat', targetOrder: undefined, blocks, snapshotLimit: false };
const staged = await slot.value.stage(blockContext(order, [], NO_PACING, host.identity.geometry));
const started = await slot.value.start();
if (!staged.ok || !started.ok) throw new Error('the slot could not be started');
process.stdout.write('holding\n');
setInterval(() => undefined, 1000);
