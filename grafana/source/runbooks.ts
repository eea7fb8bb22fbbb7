/** Parser of docs/runbooks.md: one heading per alert, then its text; before them a table by incident. */

export interface Runbook { alert: string, text: string }

export function readRunbooks (markdown: string): Runbook[] {
  return markdown.split(/^## (?=Sluice)/m).slice(1).map(section => {
    const [alert = '', ...text] = section.split('\n')
    return { alert: alert.trim(), text: text.join('\n').trim() }
  })
}
