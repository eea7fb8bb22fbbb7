/** Bare undici: always `inFlight` concurrent requests, and nothing else. The maximum that a process can send. */
import { Pool } from 'undici'
import { options, serve } from '../kit/child.mjs'
import { TEXT } from '../kit/text.mjs'

const { apiUrl, inFlight } = options
const api = new URL(apiUrl)
const pool = new Pool(api.origin, { connections: inFlight, pipelining: 1 })
const headers = { authorization: 'Bearer token', 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'sluice' }
const state = { isRunning: false }
let sent = 0

async function send () {
  while (state.isRunning) {
    const { body } = await pool.request({
      method: 'POST',
      path: `${api.pathname}/100000000000000/messages`,
      headers,
      body: JSON.stringify({
        type: 'text',
        text: { body: TEXT },
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: `+1777${String(sent++).padStart(7, '0')}`,
        biz_opaque_callback_data: 'VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a.1'
      })
    })
    await body.json()
  }
}

let senders = []
serve({
  resume () {
    state.isRunning = true
    senders = Array.from({ length: inFlight }, send)
  },
  async pause () {
    state.isRunning = false
    await Promise.all(senders)
  }
})
