/** The filters by name, as colour matrices in column order (what WebGL takes). Pure. */

/** Rows as people write them: red, green, blue out of red, green, blue and 1. */
type Rows = readonly [readonly number[], readonly number[], readonly number[]];

const NONE: Rows = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]];
const ROWS = new Map<string, Rows>(Object.entries<Rows>({
  pink: [[1.05, 0.03, 0.02, 0.03], [0, 0.97, 0.02, 0.01], [0.02, 0.03, 0.98, 0.03]],
  nostalgia: [[0.6, 0.4, 0.1, 0], [0.3, 0.6, 0.1, 0], [0.25, 0.4, 0.25, 0]],
  blues: [[0.85, 0.05, 0.05, 0], [0.02, 0.92, 0.06, 0], [0.05, 0.1, 1, 0.04]],
  romantic: [[1.02, 0.05, 0.05, 0.02], [0, 0.92, 0.03, 0], [0.08, 0.02, 0.98, 0.03]],
  cool: [[0.9, 0, 0.05, 0], [0, 1, 0.05, 0.01], [0, 0.05, 1.05, 0.02]],
  japanese: [[0.92, 0.04, 0.02, 0.05], [0.02, 0.95, 0.03, 0.05], [0.02, 0.05, 0.9, 0.07]],
}));

/** A name that is not known is no filter. */
export function tintOf(name: string): number[] {
  const rows = ROWS.get(name.toLowerCase()) ?? NONE;
  return [0, 1, 2, 3].flatMap((column) => [rows[0][column]!, rows[1][column]!, rows[2][column]!, column === 3 ? 1 : 0]);
}
