// The script of a page or worker of its own: see reproduce.ts.
import { CHANNEL, reproduceApart } from './reproduce.ts';

const channel = new BroadcastChannel(CHANNEL);
reproduceApart().then(
  (bits) => channel.postMessage(bits),
  (error: unknown) => channel.postMessage(String(error)),
);
