import { GanvasError } from '../graph/errors.ts';

/**
 * SHA-256 of bytes, as 64 hexadecimal digits: to tell damage and other data, and computed beside the
 * main thread.
 *
 * @throws {GanvasError} code `insecure`, on pages that came over plain HTTP: they have no WebGPU either.
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const subtle = globalThis.crypto?.subtle;
  if (!subtle) {
    throw new GanvasError(
      'insecure',
      'There is no crypto.subtle here.',
      'Serve the page over HTTPS or from localhost.',
    );
  }
  // Memory that is shared with a worker cannot be hashed where it lies.
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : new Uint8Array(bytes);
  const digest = await subtle.digest('SHA-256', own as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
