/** Meta's own SDK, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { SENDER } from '../../support/gateway.js'
import type { Client } from './client.js'

interface Reply {
  status: number
  body: {
    contacts: Array<{ wa_id: string }>
    messages: Array<{ id: string }>
    success?: boolean
    error: { code: number; message: string; type: string }
  }
}

export function startOfficial (t: Pick<Test, 'teardown'>, port: number, key: string, certificate: string): Client {
  const child = spawn(process.execPath, [fileURLToPath(new URL('official.mjs', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_EXTRA_CA_CERTS: certificate,
      // dotenv would print a greeting to stdout, between the responses.
      DOTENV_CONFIG_QUIET: 'true',
      PORT: String(port),
      WA_BASE_URL: 'localhost',
      WA_PHONE_NUMBER_ID: SENDER,
      CLOUD_API_VERSION: 'v16.0',
      CLOUD_API_ACCESS_TOKEN: key,
      M4D_APP_ID: 'unused',
      M4D_APP_SECRET: 'unused',
      WA_BUSINESS_ACCOUNT_ID: 'unused',
      WEBHOOK_ENDPOINT: 'unused',
      WEBHOOK_VERIFICATION_TOKEN: 'unused'
    }
  })
  t.teardown(async () => {
    const ended = once(child, 'exit')
    child.stdin.end()
    await ended
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ask = async (asked: Record<string, string>): Promise<Reply> => {
    child.stdin.write(`${JSON.stringify(asked)}\n`)
    return JSON.parse((await lines.next()).value as string) as Reply
  }
  return {
    async send (to, words) {
      const { body } = await ask({ to, words })
      return { id: body.messages[0]?.id ?? '', contact: body.contacts[0]?.wa_id ?? '' }
    },
    async rejected (to) {
      const { status, body } = await ask({ to, words: 'x' })
      return { code: body.error.code, message: body.error.message, kind: `${body.error.type} by HTTP ${status}` }
    },
    async markRead (id) {
      return (await ask({ read: id })).body.success === true
    }
  }
}
