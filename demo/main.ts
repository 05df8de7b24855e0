import { h, render } from 'preact';
import { reportUnexpected, start } from './actions.ts';
import { App } from './app.ts';

const root = document.getElementById('app');
if (!root) throw new Error('index.html has no element #app.');

// Whatever nobody foresaw is still said in words rather than left in the console.
addEventListener('error', (event) => reportUnexpected(event.error ?? event.message));
addEventListener('unhandledrejection', (event) => reportUnexpected(event.reason));

// The built page works offline from then on.
if (import.meta.env.PROD && 'serviceWorker' in navigator) {
  // A browser that refuses, in a private window say, has a page that works online.
  navigator.serviceWorker.register('./service-worker.js').catch(() => {});
}

// First, so that there is somebody to give canvases to.
start();
root.replaceChildren();
render(h(App, {}), root);
