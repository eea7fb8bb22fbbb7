/** What several examples show: one sender, one message of each kind, one moment after another. */

export const SENDER = '100000000000001'
export const ID = `${SENDER}.VQsgTFMDzhvdFY_Ebd4Eqg.1a209feb32a`
export const OTHER_ID = `${SENDER}.IA3q0ocOxKL6-ksx9QEW1A.1a209feb369`
export const WAMID = 'wamid.HBgLMTIzNDU2Nzg5MBUCABEYEjQ3MTE'

export const at = (time: string): string => `2026-01-31T${time}Z`

export const attempt = { attempt: 1, at: at('09:30:00.412'), durationMs: 212, outcome: 'retryable', code: '131000', error: 'Something went wrong' }
export const deliveryError = {
  code: '131000', message: 'Something went wrong', explanation: 'WhatsApp had an error of its own.', remedy: 'Nothing: it is tried again.'
}
