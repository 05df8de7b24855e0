// TypeDoc tells where a thing is defined only with an address to link to. The repository has none yet:
// so the files and lines stay, and the links go.
/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on('resolveEnd', ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      for (const source of reflection.sources ?? []) delete source.url;
      for (const { sources } of reflection.signatures ?? [])
        for (const source of sources ?? []) delete source.url;
    }
  });
}
