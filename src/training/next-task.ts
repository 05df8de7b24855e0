/**
 * Resolves in a task of its own: what waits in the page's event loop, such as input and drawing, comes
 * first. Not by a timer, which hidden pages get once a second.
 */
export function nextTask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      // An open port would keep Node running.
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
