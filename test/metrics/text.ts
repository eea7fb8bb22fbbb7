/** Parses the text format of Prometheus as far as the tests need it. */

export interface Scraped {
  text: string
  /** The value of the first series with this name and these labels. */
  value: (name: string, labels?: Record<string, string>) => number | undefined
  /** Values of a metric by one of its labels. */
  by: (name: string, label: string) => Record<string, number>
}

interface Series { name: string, labels: Record<string, string>, value: number }

export function read (text: string): Scraped {
  const series = text.split('\n').filter(line => line !== '' && !line.startsWith('#')).map(parse)
  return {
    text,
    value: (name, labels = {}) =>
      series.find(one => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))?.value,
    by: (name, label) => Object.fromEntries(series.filter(one => one.name === name).map(({ labels, value }) => [labels[label], value]))
  }
}

function parse (line: string): Series {
  const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  return {
    name,
    value: Number(value),
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', value = '']) => [label, value]))
  }
}
