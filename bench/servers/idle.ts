/** A process that does nothing but measure the delay of its event loop: what the machine alone costs. */
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { sayAddress } from './say-address.ts';

const delay = monitorEventLoopDelay({ resolution: 10 });
process.on('message', (order) => {
  if (order === 'begin') delay.reset();
  if (order === 'begin') delay.enable();
  else delay.disable();
  process.send?.({ p99Ms: delay.percentile(99) / 1e6 });
});
const server = createServer();
server.listen(0, '127.0.0.1', () => sayAddress(server));
