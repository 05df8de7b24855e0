// The script of a page or worker of its own: see reproduce.ts.
import { CHANNEL, reproduce } from './reproduce.ts';

const channel = new BroadcastChannel(CHANNEL);
reproduce().then(
  (bits) => channel.postMessage(bits),
  (error: unknown) => channel.postMessage(String(error)),
);
