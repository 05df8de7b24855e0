import { train } from './train.ts';

const watched = train({ steps: 3 }, {});
const timer = setInterval(() => {
  if (!watched.digest && !watched.error) return;
  clearInterval(timer);
  postMessage(watched);
}, 20);
