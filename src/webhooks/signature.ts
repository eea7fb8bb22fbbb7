import { createHmac, timingSafeEqual } from 'node:crypto'

const HEADER = /^sha256=([0-9a-f]{64})$/i

/**
 * Which of the app secrets signed these bytes; null where none did. Meta, "Create a webhook endpoint": `X-Hub-Signature-256`
 * is `sha256=` and the HMAC-SHA256 of the raw body, as it came over the wire: a parsed and rewritten one differs as soon as
 * it holds a letter outside ASCII, which Meta escapes. Every secret is tried, so that the time of an answer tells nothing.
 */
export function findSigner (body: Buffer, header: string | undefined, secrets: readonly string[]): string | null {
  const given = Buffer.from(HEADER.exec(header ?? '')?.[1] ?? '', 'hex')
  let signer: string | null = null
  for (const secret of secrets) {
    const due = createHmac('sha256', secret).update(body).digest()
    if (given.length === due.length && timingSafeEqual(given, due)) signer = secret
  }
  return signer
}
