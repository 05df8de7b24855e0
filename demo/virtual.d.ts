/** What vite-data.node.ts makes for the page. */
declare module 'virtual:data-files' {
  /** Addresses of the data sets' files, relative to the page, by their names. */
  const addresses: Readonly<Record<string, string>>;
  export default addresses;
}
