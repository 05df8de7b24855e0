/**
 * Serves the built page without a network. vite-offline.node.ts bundles it and says what it keeps. A new
 * version waits until no tab has the old one open, whose files are thus there for as long as it needs
 * them. Data sets are kept by the page itself: engine/kept-data.ts.
 */

import { clientsClaim } from 'workbox-core';
import { type PrecacheEntry, precacheAndRoute } from 'workbox-precaching';

declare const PAGE_FILES: PrecacheEntry[];

// The first visit's page too: what it loads later on is then here.
clientsClaim();
precacheAndRoute(PAGE_FILES);
