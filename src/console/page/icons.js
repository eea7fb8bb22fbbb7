import { html } from './ui.js'

/** Outlines on a grid of 16, drawn with a stroke of 1.5. */
const paths = {
  home: 'M2.5 7 8 2.5 13.5 7v6.5h-4v-4h-3v4h-4z',
  message: 'M2.5 3h11v8h-6L4.500 13.500V11h-2z',
  failure: 'M8 2.500 14 13H2zM8 6.500v3M8 11.200v.1',
  sender: 'M8 13.500v-5M5.500 11a3.500 3.500 0 1 1 5 0M3.500 13a6.300 6.300 0 1 1 9 0',
  more: 'M3.500 8v.01M8 8v.01M12.500 8v.01',
  search: 'M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9zM10.500 10.500l3 3',
  check: 'M3 8.500 6.500 12 13 4.500',
  checks: 'M1.500 8.500 4.500 11.500 10 5M7 11.200l.5.3L14 5',
  clock: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 5v3.300l2.300 1.400',
  calendar: 'M2.500 4h11v9.500h-11zM2.500 7h11M5.500 2v2.500M10.500 2v2.500',
  plane: 'M14 2 7 9M14 2 9.500 14 7 9 2 6.500z',
  retry: 'M13 8a5 5 0 1 1-1.600-3.700M13 2v3h-3',
  unknown: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.300 6.300a1.800 1.800 0 1 1 2.400 1.700c-.5.2-.7.5-.7 1M8 11.200v.01',
  failed: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6l4 4M10 6l-4 4',
  cancelled: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM3.900 12.100l8.200-8.200',
  expired: 'M4 2.500h8M4 13.500h8M5 2.500c0 3 6 4 6 5.500S5 10.500 5 13.500M11 2.500c0 3-6 4-6 5.500s6 2.500 6 5.500',
  pause: 'M5.500 3.500v9M10.500 3.500v9',
  play: 'M5 3.500v9l7-4.500z',
  circuit: 'M1.500 8h2.500M6 7.200l4-3.700M12 8h2.500M5 7a1 1 0 1 0 0 2 1 1 0 1 0 0-2M11 7a1 1 0 1 0 0 2 1 1 0 1 0 0-2',
  closed: 'M1.500 8h13M5.500 7a1 1 0 1 0 0 2 1 1 0 1 0 0-2M10.500 7a1 1 0 1 0 0 2 1 1 0 1 0 0-2',
  stopped: 'M5 2h6l3 3v6l-3 3H5l-3-3V5zM8 5v3.500M8 11v.01',
  inbox: 'M2.500 9 4 3h8l1.500 6v4h-11zM2.500 9H6l.7 1.500h2.600L10 9h3.500',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  link: 'M6.500 9.500l3-3M7 4.500 8.500 3A3.200 3.200 0 0 1 13 7.500L11.500 9M9 11.500 7.500 13A3.200 3.200 0 0 1 3 8.500L4.500 7',
  up: 'M4 10l4-4 4 4',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4 6 8l4 4',
  close: 'M4 4l8 8M12 4l-8 8',
  template: 'M3.500 2h6l3 3v9h-9zM9.500 2v3h3M6 8h4M6 10.500h4',
  text: 'M2.500 4.500h11M2.500 8h11M2.500 11.500h7',
  media: 'M2.500 3h11v10h-11zM2.500 11l3.500-3.500 3 3 1.500-1.500 3 3M10.500 6v.01',
  filter: 'M2.500 4h11M4.500 8h7M6.500 12h3',
  gauge: 'M2.500 12a6 6 0 1 1 11 0M8 9.500l2.500-3',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM8 7.500v3.500M8 5v.01',
  done: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM5.500 8.200 7.300 10 10.500 6.200',
  user: 'M8 8a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM3 13.500c.5-2.500 2.500-3.500 5-3.500s4.500 1 5 3.500',
  stop: 'M4.500 4.500h7v7h-7z',
  list: 'M5.500 4h8M5.500 8h8M5.500 12h8M2.500 4v.01M2.500 8v.01M2.500 12v.01',
  edit: 'M3 13l.7-3L11 2.700 13.300 5 6 12.300z',
  out: 'M6.500 2.500h-4v11h4M7 8h7M11 5l3 3-3 3'
}

export function Icon ({ name, class: extra = '' }) {
  return html`<svg class=${`i ${extra}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d=${paths[name] ?? paths.info} /></svg>`
}

/** A gate in water. */
const shapes = {
  tile: 'M5 0h14a5 5 0 0 1 5 5v14a5 5 0 0 1-5 5H5a5 5 0 0 1-5-5V5a5 5 0 0 1 5-5z',
  water: 'M0 14c3-2 5 1 8 0v10H5a5 5 0 0 1-5-5zM16 17c3 1 5-2 8-1v3a5 5 0 0 1-5 5h-3z',
  gate: 'M10 4h4v11h-4z'
}

export function Mark () {
  return html`<svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    ${Object.entries(shapes).map(([name, d]) => html`<path class=${name} d=${d} />`)}</svg>`
}
