import { train } from './train.js';

train().then(
  (trained) => postMessage(trained),
  (error) => postMessage(String(error)),
);
