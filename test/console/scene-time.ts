/** The clock of the pictures, and the meaning of the codes in them. */
export const NOW = '2026-03-10T10:32:20.000Z'
export const MINUTE = 60_000
export const before = (ms: number): string => new Date(Date.parse(NOW) - ms).toISOString()

export const texts: Record<string, [title: string, explanation: string, remedy: string]> = {
  131026: ['Message undeliverable', 'The number is not on WhatsApp, the app is too old, or the recipient has not accepted the new terms.',
    'Check the number, and ask the recipient over another channel to update WhatsApp.'],
  132001: ['Template does not exist', 'WhatsApp has no approved template of this name in this language.',
    'Check name and language, or create the template and wait for its approval.'],
  131047: ['Re-engagement message', 'More than 24 hours have passed since the recipient last wrote.', 'Send an approved template instead.'],
  131053: ['Media upload error', 'WhatsApp could not read the media.', 'Check its address, type and size.'],
  131000: ['Something went wrong', 'Meta had an error that it does not explain.',
    "Wait: the retry schedule sends it again. If many messages fail with this code, check Meta's status page."]
}
