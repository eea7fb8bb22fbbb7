/** The longest error text that an outcome carries, in characters. */
const longest = 500

/**
 * Redacts an error text, so that it can be stored, logged and shown: one line, at most 500 characters, without the given secrets, access tokens,
 * telephone numbers and message ids. Meta quotes malformed tokens, and a `wamid` contains the recipient's number in Base64. The text is cut
 * last, so that no part of a secret is left.
 */
export function redact (text: string, secrets: readonly string[]): string {
  const known = secrets.filter(secret => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), text)
  const clean = known
    .replace(/\bBearer\s+\S+/gi, 'Bearer [hidden]')
    .replace(/\bEAA[\w-]{10,}/g, '[hidden]')
    .replace(/\bwamid\.[\w+/=-]+/g, '[message]')
    .replace(/\+?\d{7,}/g, '[number]')
    .replace(/\s+/g, ' ')
    .trim()
  return clean.length > longest ? `${clean.slice(0, longest - 1)}…` : clean
}
