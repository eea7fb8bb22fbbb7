/** docs/runbooks.md, read: a heading for each alert, and what stands beneath it. */

export interface Runbook { alert: string, text: string }

export function readRunbooks (markdown: string): Runbook[] {
  return markdown.split(/^## /m).slice(1).map(section => {
    const [alert = '', ...text] = section.split('\n')
    return { alert: alert.trim(), text: text.join('\n').trim() }
  })
}
