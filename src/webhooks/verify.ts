import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { SenderRegistry } from '../sender-registry.js'

const SIGNATURE = /^sha256=([0-9a-f]{64})$/i

/** Meta's verification request when an operator enters the webhook's URL. True only for the configured token; '' allows none. */
export function isVerified (verifyToken: string, mode: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  const isToken = timingSafeEqual(digest(token), digest(verifyToken))
  return mode === 'subscribe' && verifyToken !== '' && isToken
}

/**
 * The app secret that signed these bytes; null if none did. Meta, "Create a webhook endpoint": `X-Hub-Signature-256` is `sha256=` and the
 * HMAC-SHA256 of the raw body. A parsed and serialized body differs as soon as it holds a character outside ASCII, which Meta escapes.
 * Every secret is tried, so that the response time reveals nothing.
 */
export function findSigner (body: Buffer, header: string | undefined, secrets: readonly string[]): string | null {
  const given = Buffer.from(SIGNATURE.exec(header ?? '')?.[1] ?? '', 'hex')
  let signer: string | null = null
  for (const secret of secrets) {
    const expected = createHmac('sha256', secret).update(body).digest()
    if (given.length === expected.length && timingSafeEqual(given, expected)) signer = secret
  }
  return signer
}

/** The secrets of all Meta apps that may sign for a served sender, or for one that this node served, each once. */
export function appSecretsOf (senders: Pick<SenderRegistry, 'ids' | 'settingsOf' | 'formerSecrets'>): string[] {
  return [...new Set([...senders.ids().flatMap(sender => senders.settingsOf(sender)?.appSecrets ?? []), ...senders.formerSecrets()])]
}

/** Whether the app with this secret may sign for the sender. */
export function mayReport (senders: Pick<SenderRegistry, 'settingsOf'>, sender: string, signer: string): boolean {
  return senders.settingsOf(sender)?.appSecrets.includes(signer) === true
}
