/** Of the page of the API: the dashboard's colours, type and spacing. */
export const style = `
:root {
  color-scheme: light dark;
  --bg: light-dark(#ffffff, #0e1316);
  --side: light-dark(#f5f7f8, #0b0f12);
  --raise: light-dark(#f8fafb, #12181c);
  --line: light-dark(#dfe5e9, #1f282e);
  --text: light-dark(#2a343b, #cdd6dc);
  --strong: light-dark(#0b1114, #f3f6f8);
  --muted: light-dark(#4d5963, #98a5ae);
  --link: light-dark(#1663c7, #5ea8ff);
  --well: light-dark(#0e7a55, #3fb98a);
  --care: light-dark(#8a5800, #e8ae4a);
  --harm: light-dark(#c2330f, #ff7a5c);
}
* { box-sizing: border-box }
html { scroll-padding-top: 16px }
body { margin: 0; display: grid; grid-template-columns: 224px minmax(0, 1fr); background: var(--bg); color: var(--text);
  font: 400 13px/20px Inter, system-ui, sans-serif }
code { font: 11.5px/20px 'JetBrains Mono', ui-monospace, monospace; overflow-wrap: anywhere; color: var(--strong) }
a, a code { color: var(--link) }
a:focus-visible, summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 4px }
.skip { position: absolute; left: -999px }
.skip:focus { left: 16px; top: 8px; background: var(--bg); padding: 4px 8px }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 16px 20px; background: var(--side);
  border-right: 1px solid var(--line); display: flex; flex-direction: column; gap: 8px }
nav strong { color: var(--strong); font-weight: 600; margin-bottom: 8px }
nav a { color: var(--text); text-decoration: none }
nav a:hover { color: var(--link) }
main { padding: 20px; max-width: 1080px }
h1 { margin: 0; font: 500 21px/30px Inter, system-ui, sans-serif; letter-spacing: -0.018em; color: var(--strong) }
h1 small { font-size: 13px; color: var(--muted) }
h2 { margin: 20px 0 6px; font-size: 13px; font-weight: 600; color: var(--strong) }
h3 { margin: 12px 0 4px; font-size: 12px; line-height: 16px; font-weight: 600; color: var(--muted) }
p { max-width: 72ch; margin: 8px 0 }
dl { display: flex; gap: 8px; margin: 8px 0 }
dt { color: var(--muted) }
dd { margin: 0 }
details { border: 1px solid var(--line); border-bottom-width: 0; padding: 0 12px }
details:first-of-type { border-radius: 8px 8px 0 0 }
details:last-of-type { border-radius: 0 0 8px 8px; border-bottom-width: 1px }
details[open] { padding-bottom: 12px; background: var(--raise) }
summary { cursor: pointer; padding: 8px 0 }
summary span { color: var(--muted); margin-left: 8px }
.method { display: inline-block; min-width: 52px; font-weight: 600; color: var(--well) }
.post, .put { color: var(--care) }
.delete { color: var(--harm) }
table { width: 100%; border-collapse: collapse }
th, td { text-align: left; vertical-align: top; padding: 4px 8px; border-bottom: 1px solid var(--line); font-weight: 400 }
thead th { color: var(--muted); font-size: 11px; line-height: 16px }
tbody th { width: 26%; min-width: 120px }
i { font-style: normal; font-size: 11px; color: var(--muted); margin-left: 6px }
td table { margin: 0 }
@media (max-width: 720px) {
  body { display: block }
  nav { position: static; height: auto; flex-direction: row; flex-wrap: wrap; padding: 12px 16px; border-right: 0;
    border-bottom: 1px solid var(--line) }
  nav strong { margin: 0 }
  main { padding: 16px }
  h1 { font-size: 18px; line-height: 26px }
  summary span { display: block; margin: 0 }
}
`
