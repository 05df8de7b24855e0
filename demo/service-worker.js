// Serves the page without a network. vite-offline.node.ts fills in what it is to keep.

const PAGE = `ganvas-page-${'VERSION'}`;
/** Data sets are the same in every version, and large. */
const DATA = 'ganvas-data-1';
const files = ['FILES'];

addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(PAGE)
      .then((cache) => cache.addAll(files))
      .then(() => skipWaiting()),
  );
});

addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith('ganvas-page-') && name !== PAGE))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => clients.claim()),
  );
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || !url.href.startsWith(registration.scope)) return;
  const path = url.href.slice(registration.scope.length);
  // The page puts them there once they were read, and so are known to be whole.
  if (path.startsWith('data/')) event.respondWith(stored(request, DATA));
  // The newest page where there is a network, so that nobody is stuck with an old one.
  else if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(() => caches.match('./', { cacheName: PAGE })));
  } else {
    event.respondWith(stored(request, PAGE));
  }
});

async function stored(request, cacheName) {
  return (await caches.match(request.url, { cacheName })) ?? fetch(request);
}
