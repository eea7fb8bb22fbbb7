/** What the tests ask of each real client, and what its own answers say. */

export interface Sent { id: string, contact: string }

/** `code` as the client itself tells it, from its own kind of error. */
export interface Refused { code: number, message: string, kind: string }

export interface Client {
  send: (to: string, words: string) => Promise<Sent>
  /** Sends and expects to be refused. */
  refused: (to: string) => Promise<Refused>
  markRead: (id: string) => Promise<boolean>
}

/** How a client is made: where the gateway is, with no slash at its end, and which key to show. */
export type Make = (base: string, key: string) => Client

/** For clients that throw: what they threw, read as the test says; anything else fails. */
export async function caught (sending: Promise<unknown>, read: (error: unknown) => Refused | Promise<Refused>): Promise<Refused> {
  let sent
  try {
    sent = await sending
  } catch (error) {
    return await read(error)
  }
  throw new TypeError(`not refused: ${JSON.stringify(sent)}`)
}
