import type { Choices } from './plan.ts';
import type { TuningStore } from './tuner.ts';

const DATABASE = 'ganvas';
const STORE = 'tuning';

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

async function withStore<T>(
  mode: IDBTransactionMode,
  use: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/**
 * Keeps tuned choices in IndexedDB, in pages and workers. Where the browser refuses (private windows
 * may), nothing is kept and nothing fails: measuring again costs two seconds.
 */
export const indexedDbTuningStore: TuningStore = {
  load: (adapter) =>
    withStore<Choices | undefined>('readonly', (store) => store.get(adapter)).catch(
      () => undefined,
    ),
  save: (adapter, choices) =>
    withStore('readwrite', (store) => store.put(choices, adapter)).then(
      () => {},
      () => {},
    ),
};
