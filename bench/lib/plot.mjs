// A plot as SVG: lines over a logarithmic x axis, from zero up.

const COLOURS = ['#2364aa', '#d1495b', '#3d8f5f', '#8a63a6'];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [760, 420, 60, 20, 40, 50];

/** `lines`: [{ name, dashed, points: [[x, y], ...] }]. */
export function plot({ title, xLabel, yLabel, lines }) {
  const all = lines.flatMap((line) => line.points);
  const xs = [...new Set(all.map(([x]) => x))].sort((a, b) => a - b);
  const [low, high] = [Math.log(xs[0]), Math.log(xs.at(-1))];
  const top = Math.ceil(Math.max(...all.map(([, y]) => y)) * 1.1);
  const atX = (x) => LEFT + ((Math.log(x) - low) / Math.max(high - low, 1e-9)) * (WIDTH - LEFT - RIGHT);
  const atY = (y) => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const text = (x, y, words, more = '') => `<text x="${x}" y="${y}" ${more}>${words}</text>`;
  const parts = [text(WIDTH / 2, 22, title, 'text-anchor="middle" font-weight="bold"'), text(WIDTH / 2, HEIGHT - 10, xLabel, 'text-anchor="middle"'), text(14, TOP - 12, yLabel)];
  const step = Math.max(1, Math.ceil(top / 8));
  for (let y = 0; y <= top; y += step) {
    parts.push(`<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${atY(y)}" y2="${atY(y)}" stroke="#ddd"/>`, text(LEFT - 8, atY(y) + 4, y, 'text-anchor="end"'));
  }
  for (const x of xs) parts.push(text(atX(x), HEIGHT - BOTTOM + 18, x, 'text-anchor="middle"'));
  lines.forEach((line, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = line.points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"${line.dashed ? ' stroke-dasharray="5 4"' : ''}/>`);
    for (const [x, y] of line.points) parts.push(`<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="${colour}"/>`);
    parts.push(text(WIDTH - RIGHT - 8, TOP + 16 + 18 * i, line.name, `text-anchor="end" fill="${colour}"`));
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="white"/>${parts.join('')}</svg>\n`;
}
