/** Puts text between the marks `<!-- name -->` and `<!-- /name -->` of a file. Throws if they are missing. */
export function writeBlock (file: string, name: string, text: string): void
