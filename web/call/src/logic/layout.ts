/**
 * Where the pictures are on the stage. All in CSS pixels, origin at the stage's top left corner.
 * The tiles never move in the document, only their rectangles change: a picture that is taken out
 * of the document and put back goes black for a moment.
 */

export interface Size { width: number; height: number }
export interface Point { left: number; top: number }
export interface Rect extends Point, Size {}
export interface Insets { top: number; right: number; bottom: number; left: number }
export type Corner = 'top-left' | 'top-right' | 'bottom-left' | 'bottom-right';

const GAP = 8;
const TILE_ASPECT = 4 / 3;

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Size of the small picture: upright on an upright stage. */
export function pipSize(stage: Size): Size {
  if (stage.height > stage.width) {
    const width = Math.round(clamp(stage.width * 0.28, 88, 180));
    return { width, height: Math.round(width * TILE_ASPECT) };
  }
  const width = Math.round(clamp(stage.width * 0.18, 120, 260));
  return { width, height: Math.round(width / TILE_ASPECT) };
}

/** The nearest position at which a picture of this size is wholly inside the stage's insets. */
export function clampToStage(at: Point, size: Size, stage: Size, insets: Insets): Point {
  return {
    left: clamp(at.left, insets.left, stage.width - insets.right - size.width),
    top: clamp(at.top, insets.top, stage.height - insets.bottom - size.height),
  };
}

/** The corner to which a picture that is let go here belongs. */
export function nearestCorner(at: Point, size: Size, stage: Size): Corner {
  const right = at.left + size.width / 2 > stage.width / 2;
  const bottom = at.top + size.height / 2 > stage.height / 2;
  return `${bottom ? 'bottom' : 'top'}-${right ? 'right' : 'left'}`;
}

/** The corner that an arrow key leads to. */
export function moveCorner(corner: Corner, key: string): Corner {
  let [vertical, horizontal] = corner.split('-') as ['top' | 'bottom', 'left' | 'right'];
  if (key === 'ArrowUp') vertical = 'top';
  if (key === 'ArrowDown') vertical = 'bottom';
  if (key === 'ArrowLeft') horizontal = 'left';
  if (key === 'ArrowRight') horizontal = 'right';
  return `${vertical}-${horizontal}`;
}

/** Small pictures, the first one in the corner, the others stacked from it towards the middle. */
export function pipRects(count: number, corner: Corner, stage: Size, insets: Insets): Rect[] {
  const size = pipSize(stage);
  const left = corner.endsWith('left') ? insets.left : stage.width - insets.right - size.width;
  const step = size.height + GAP;
  return Array.from({ length: count }, (_, index) => ({
    ...size,
    left,
    top: corner.startsWith('top')
      ? insets.top + index * step
      : stage.height - insets.bottom - size.height - index * step,
  }));
}

/** The number of columns that makes 4:3 pictures largest. */
export function gridColumns(count: number, area: Size): number {
  let best = 1;
  let bestWidth = 0;
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const width = (area.width - GAP * (columns - 1)) / columns;
    const height = (area.height - GAP * (rows - 1)) / rows;
    const pictureWidth = Math.min(width, height * TILE_ASPECT);
    if (pictureWidth > bestWidth) [best, bestWidth] = [columns, pictureWidth];
  }
  return best;
}

/** `count` equal tiles inside the insets, the last row centred. */
export function gridRects(count: number, stage: Size, insets: Insets): Rect[] {
  if (count === 0) return [];
  const area = {
    width: Math.max(0, stage.width - insets.left - insets.right),
    height: Math.max(0, stage.height - insets.top - insets.bottom),
  };
  const columns = gridColumns(count, area);
  const rows = Math.ceil(count / columns);
  const width = Math.floor((area.width - GAP * (columns - 1)) / columns);
  const height = Math.floor((area.height - GAP * (rows - 1)) / rows);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const indent = ((columns - inRow) * (width + GAP)) / 2;
    return {
      width,
      height,
      left: insets.left + indent + (index % columns) * (width + GAP),
      top: insets.top + row * (height + GAP),
    };
  });
}

export type Place = 'main' | 'pip' | 'grid' | 'hidden';
export interface Placed { key: string; place: Place; rect: Rect }

export interface StagePlan {
  stage: Size;
  /** Room that the bars and buttons take: the grid stays clear of it. */
  insets: Insets;
  /** The same for the small pictures, which may stand beside the buttons. */
  pipInsets: Insets;
  /** Remote pictures in the order in which they came. */
  remotes: readonly string[];
  local: string;
  /** The picture that someone chose to see large; null = nobody chose. */
  chosen: string | null;
  corner: Corner;
  grid: boolean;
}

/** A grid of all remotes and one's own small, or one large picture and the others small. */
export function placeTiles(plan: StagePlan): Placed[] {
  const { stage, insets, pipInsets, remotes, local, corner } = plan;
  const whole: Rect = { left: 0, top: 0, ...stage };
  const all = [...remotes, local];
  const chosen = plan.chosen !== null && all.includes(plan.chosen) ? plan.chosen : null;
  const [ownPip] = pipRects(1, corner, stage, pipInsets);
  if (plan.grid && remotes.length > 1) {
    const cells = gridRects(remotes.length, stage, insets);
    const placed = remotes.map((key, index): Placed => {
      if (chosen === null || chosen === local) return { key, place: 'grid', rect: cells[index] ?? whole };
      return { key, place: key === chosen ? 'main' : 'hidden', rect: whole };
    });
    return [...placed, { key: local, place: 'pip', rect: ownPip ?? whole }];
  }
  const main = chosen ?? remotes[0] ?? local;
  // One's own picture comes first: it keeps the corner when others come and go.
  const small = [local, ...remotes].filter((key) => key !== main);
  const pips = pipRects(small.length, corner, stage, pipInsets);
  return all.map((key): Placed => {
    if (key === main) return { key, place: 'main', rect: whole };
    return { key, place: 'pip', rect: pips[small.indexOf(key)] ?? whole };
  });
}
