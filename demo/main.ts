import { h, render } from 'preact';
import { reportUnexpected, start } from './actions.ts';
import { App } from './app.ts';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element #app.');

// Whatever nobody foresaw is still said in words rather than left in the console.
addEventListener('error', (event) => reportUnexpected(event.error ?? event.message));
addEventListener('unhandledrejection', (event) => reportUnexpected(event.reason));

root.replaceChildren();
render(h(App, {}), root);
start();
