import type { Problem } from './protocol.ts';

/** Whatever was thrown, in words. The engine's errors bring a code and advice of their own. */
export function problemOf(error: unknown): Problem {
  if (!(error instanceof Error)) return { code: 'unexpected', message: String(error), advice: '' };
  // There was no room for something that a browser stores by itself.
  if (error.name === 'QuotaExceededError') {
    return { code: 'storage-quota', message: error.message || error.name, advice: '' };
  }
  const { code, advice } = error as Partial<Problem>;
  if (typeof code !== 'string' || typeof advice !== 'string') {
    return { code: 'unexpected', message: error.message || error.name, advice: '' };
  }
  // The engine ends its messages with the advice, which the page shows apart.
  const message = error.message.endsWith(advice)
    ? error.message.slice(0, error.message.length - advice.length).trimEnd()
    : error.message;
  return { code, message, advice };
}
