// CSS of the report: one column, light or dark by the reader's system setting, without external fonts or files.
import { CHART_STYLE } from './chart.ts'

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --ink: #1d2a30; --quiet: #56646a; --line: #dcd9cf; --accent: #b4521a;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #10181c; --ink: #e8e6df; --quiet: #a3b0b4; --line: #2b3a40; --accent: #f0a35f; }
}
* { box-sizing: border-box; }
body {
  max-width: 992px; margin: 0 auto; padding: 24px 16px 64px;
  background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
}
h1, h2, h3 { line-height: 1.2; }
h2 { margin-top: 48px; padding-top: 16px; border-top: 1px solid var(--line); }
h3 { margin: 32px 0 8px; }
p { max-width: 72ch; }
.quiet, figcaption { color: var(--quiet); }
code, pre { font: 14px/1.5 ui-monospace, monospace; }
code { overflow-wrap: anywhere; }
pre { overflow-x: auto; }
figure { margin: 0; }
.charts { display: grid; gap: 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 16px 4px 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
th { color: var(--quiet); font-weight: normal; vertical-align: bottom; }
.filters { display: block; width: 474px; max-width: 100%; }
.crops { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(140px, 192px)); margin: 8px 0 24px; }
.crops b { display: block; }
.crops img { display: block; width: 100%; image-rendering: pixelated; }
${CHART_STYLE}`
