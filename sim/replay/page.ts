// What the pages of compare and sweep share: one file with nothing from elsewhere, readable in light and dark.

/** A text as HTML; control and bidirectional characters are shown as escapes. */
export function escapeHtml(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu,
    (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  )
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#5b6570, #9aa4af);
  --line: light-dark(#dfe3e8, #343a42); --paper: light-dark(#ffffff, #16191d); --panel: light-dark(#f6f8fa, #1e2228);
  --a: light-dark(#2563c9, #6ea8ff); --b: light-dark(#c2570c, #ffa657); --bad: light-dark(#b42318, #ff8a80);
  --good: light-dark(#1a7f37, #6fdd8b); --c: light-dark(#6f42c1, #c297ff); --d: light-dark(#0f766e, #5eead4); }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .6rem; }
p { margin: .3rem 0; } p, h1, h2, h3, figcaption { overflow-wrap: anywhere; } .soft { color: var(--soft); } .bad { color: var(--bad); } .good { color: var(--good); }
.a { color: var(--a); } .b { color: var(--b); } .c { color: var(--c); } .d { color: var(--d); } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; padding-left: 0; }
tr.first td { border-bottom-color: transparent; } .plots { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); }
figure { margin: 0; padding: .7rem .9rem; background: var(--panel); border-radius: 8px; } figcaption { font-weight: 500; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }
code { font-size: .92em; }
`;

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title><style>${STYLE}</style></head>
<body>${body}</body></html>
`;
}

/** Colours of curves, and of what is written about them. */
export const CURVE_CLASSES = ["a", "b", "c", "d"] as const;

export interface Curve {
  readonly className: typeof CURVE_CLASSES[number];
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface PlotSettings {
  readonly curves: readonly Curve[];
  readonly logX: boolean;
  readonly xLabel: (value: number) => string;
  readonly yLabel: (value: number) => string;
  readonly yTicks: readonly number[];
}

const WIDTH = 340, HEIGHT = 190, LEFT = 44, RIGHT = 10, TOP = 8, BOTTOM = 22;

/** Curves over two axes, as SVG. */
export function plot({ curves, logX, xLabel, yLabel, yTicks }: PlotSettings): string {
  const all = curves.flatMap(({ points }) => points);
  const xs = all.map(([x]) => x).filter((x) => !logX || x > 0);
  if (xs.length === 0) return "";
  let low = Math.min(...xs), high = Math.max(...xs);
  if (low === high) [low, high] = logX ? [low / 2, high * 2] : [low - 1, high + 1];
  const scale = (x: number): number => logX ? Math.log(Math.max(x, low)) : x;
  const yHigh = Math.max(...yTicks), yLow = Math.min(...yTicks);
  const at = (x: number): number =>
    LEFT + (scale(x) - scale(low)) / (scale(high) - scale(low)) * (WIDTH - LEFT - RIGHT);
  const down = (y: number): number => TOP + (yHigh - y) / (yHigh - yLow || 1) * (HEIGHT - TOP - BOTTOM);
  const grid = yTicks.map((y) =>
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${down(y).toFixed(1)}" y2="${
      down(y).toFixed(1)
    }" stroke="var(--line)"/>` +
    `<text x="${LEFT - 6}" y="${(down(y) + 4).toFixed(1)}" text-anchor="end">${escapeHtml(yLabel(y))}</text>`
  ).join("");
  const ticks = [0, 0.5, 1].map((share) => {
    const x = logX ? low * (high / low) ** share : low + (high - low) * share;
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    return `<text x="${at(x).toFixed(1)}" y="${HEIGHT - 6}" text-anchor="${anchor}">${escapeHtml(xLabel(x))}</text>`;
  }).join("");
  const lines = curves.map(({ className, points }) =>
    `<polyline fill="none" stroke="var(--${className})" stroke-width="2" points="${
      points.map(([x, y]) => `${at(x).toFixed(1)},${down(y).toFixed(1)}`).join(" ")
    }"/>`
  ).join("");
  return `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img">${grid}${ticks}${lines}</svg>`;
}
