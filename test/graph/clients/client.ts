/** What the tests need of each published client. */

export interface Sent { id: string, contact: string }

/** The client's own error; `code` is Meta's. */
export interface Rejected { code: number, message: string, kind: string }

export interface Client {
  send: (to: string, words: string) => Promise<Sent>
  /** Sends, and expects an error. */
  rejected: (to: string) => Promise<Rejected>
  markRead: (id: string) => Promise<boolean>
}

/** Creates a client, by base URL without a slash at its end and API key. */
export type Make = (base: string, key: string) => Client

/** For clients that throw: the thrown error, converted by `read`; fails if nothing is thrown. */
export async function caught (sending: Promise<unknown>, read: (error: unknown) => Rejected | Promise<Rejected>): Promise<Rejected> {
  let sent
  try {
    sent = await sending
  } catch (error) {
    return await read(error)
  }
  throw new TypeError(`not rejected: ${JSON.stringify(sent)}`)
}
