/** Files from the server that the command runs, and results back to it. */

/** A file of this machine. */
export async function fetchBlob(url: string): Promise<Blob> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the file could not be read (${await response.text()})`);
  return await response.blob();
}

/** Its bytes. */
export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetchBlob(url)).arrayBuffer());
}

/** Resolves when the command has taken it in. */
export async function sendResult(
  resultsUrl: string,
  kind: string,
  parameters: object,
  body: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const query = new URLSearchParams(
    Object.entries(parameters).map(([key, value]) => [key, String(value)]),
  );
  const response = await fetch(`${resultsUrl}/${kind}?${query}`, { method: 'POST', body });
  if (!response.ok) throw new Error(`Writing the ${kind} failed: ${await response.text()}`);
}
