import { ModelError } from './dcgan.ts';

/**
 * The options that were given, without those that are undefined. Throws a `ModelError` for names that no
 * default has, and for values of another type than its default's.
 */
export function givenOptions<Options extends object>(
  given: Partial<Options>,
  defaults: Options,
): Partial<Options> {
  const known = Object.entries(given).filter(([, value]) => value !== undefined);
  const unknown = known.find(([name]) => !Object.hasOwn(defaults, name));
  if (unknown)
    throw new ModelError(
      `There is no option '${unknown[0]}'.`,
      `Known: ${Object.keys(defaults).join(', ')}.`,
    );
  // From JavaScript, '0.1' would pass every comparison, and 'no' be true.
  const typeOf = (name: string) => typeof defaults[name as keyof Options];
  const odd = known.find(([name, value]) => typeof value !== typeOf(name));
  if (odd) {
    throw new ModelError(
      `The option ${odd[0]} is of type ${typeof odd[1]}.`,
      `It must be of type ${typeOf(odd[0])}.`,
    );
  }
  return Object.fromEntries(known) as Partial<Options>;
}
