/**
 * Data sets that were used once, kept by the browser for a visit without a network. A name has a digest
 * of its content in it, so that what is kept is never out of date.
 */

const STORE = 'ganvas-data';

const withoutDigest = (url: string): string => url.replace(/-[0-9a-f]{8}(\.\w+)$/, '$1');

/** A file as it was kept, if it was. */
export async function keptFile(url: string): Promise<Response | undefined> {
  if (!import.meta.env.PROD) return undefined;
  try {
    return await (await caches.open(STORE)).match(url);
  } catch {
    // A browser that keeps nothing for this page.
    return undefined;
  }
}

/** Keeps a file that was read, and so is known to be whole, in the place of any other version of it. */
export async function keepFile(url: string, file: Blob): Promise<void> {
  if (!import.meta.env.PROD) return;
  try {
    const store = await caches.open(STORE);
    if (await store.match(url)) return;
    for (const old of await store.keys())
      if (withoutDigest(old.url) === withoutDigest(url)) await store.delete(old);
    const headers = { 'content-length': String(file.size) };
    await store.put(url, new Response(file, { headers }));
  } catch {
    // No room, or no such place: then it is fetched again next time.
  }
}
