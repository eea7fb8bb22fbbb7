/** The message and attempt that `biz_opaque_callback_data` names where it is ours; null for anybody else's. */
export function parseAttemptName (text: string): { id: string, attempt: number } | null {
  const [, id = '', attempt = ''] = /^([A-Za-z0-9_-]{22}\.[0-9a-f]{8,14})\.(\d{1,6})$/.exec(text) ?? []
  return id === '' ? null : { id, attempt: Number(attempt) }
}
