/** Gives the visitor a file: the browser saves it or asks where. */
export function download(content: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // Not at once: the browser has not begun to read it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
