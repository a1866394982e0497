import { describe, expect, it } from 'vitest';
import {
  clampToStage, gridColumns, gridRects, moveCorner, nearestCorner, pipRects, pipSize, placeTiles,
} from '../src/logic/layout.js';
import type { Corner, Rect, Size, StagePlan } from '../src/logic/layout.js';

const PHONE: Size = { width: 360, height: 740 };
const PC: Size = { width: 1280, height: 800 };
const INSETS = { top: 60, right: 12, bottom: 90, left: 12 };
const CORNERS: Corner[] = ['top-left', 'top-right', 'bottom-left', 'bottom-right'];

function overlap(a: Rect, b: Rect): boolean {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

function isInside(rect: Rect, stage: Size): boolean {
  return rect.left >= INSETS.left && rect.top >= INSETS.top
    && rect.left + rect.width <= stage.width - INSETS.right
    && rect.top + rect.height <= stage.height - INSETS.bottom;
}

describe('the small picture', () => {
  it.each([PHONE, PC, { width: 320, height: 480 }, { width: 740, height: 360 }, { width: 3840, height: 1600 }])('has the orientation of %j', (stage) => {
    const { width, height } = pipSize(stage);
    expect(height > width).toBe(stage.height > stage.width);
    expect(width).toBeLessThanOrEqual(stage.width / 2);
  });

  it.each([
    [{ left: 100, top: 200 }, { left: 100, top: 200 }],
    [{ left: -50, top: 0 }, { left: 12, top: 60 }],
    [{ left: 9999, top: 9999 }, { left: 360 - 12 - 100, top: 740 - 90 - 130 }],
  ])('is kept on the stage: %j', (at, expected) => {
    expect(clampToStage(at, { width: 100, height: 130 }, PHONE, INSETS)).toEqual(expected);
  });
  it('stays at the top left where it does not fit', () => {
    expect(clampToStage({ left: 50, top: 50 }, { width: 500, height: 900 }, PHONE, INSETS)).toEqual({ left: 12, top: 60 });
  });

  const size = { width: 100, height: 130 };
  it.each([
    [{ left: 0, top: 0 }, 'top-left'], [{ left: 200, top: 10 }, 'top-right'],
    [{ left: 10, top: 400 }, 'bottom-left'], [{ left: 131, top: 306 }, 'bottom-right'],
    [{ left: 129, top: 304 }, 'top-left'],
  ])('let go at %j it goes %s', (at, corner) => {
    expect(nearestCorner(at, size, PHONE)).toBe(corner);
  });

  it.each([
    ['bottom-right', 'ArrowUp', 'top-right'], ['top-right', 'ArrowLeft', 'top-left'], ['top-left', 'ArrowDown', 'bottom-left'],
    ['bottom-left', 'ArrowRight', 'bottom-right'], ['top-left', 'ArrowLeft', 'top-left'], ['top-left', 'x', 'top-left'],
  ] as const)('from %s by %s to %s', (corner, key, next) => {
    expect(moveCorner(corner, key)).toBe(next);
  });

  it.each(CORNERS)('comes to lie in %s, where a drop would put it', (corner) => {
    const rects = pipRects(2, corner, PHONE, INSETS);
    const [first, second] = rects as [Rect, Rect];
    expect(rects.every((rect) => isInside(rect, PHONE))).toBe(true);
    expect(nearestCorner(first, first, PHONE)).toBe(corner);
    expect(overlap(first, second)).toBe(false);
  });
});

describe('the grid', () => {
  it.each([[1, 1], [2, 2], [3, 2], [4, 2], [5, 3], [6, 3], [9, 3]])('%d pictures on a PC', (count, columns) => {
    expect(gridColumns(count, { width: 1256, height: 650 })).toBe(columns);
  });
  it.each([[1, 1], [2, 1], [4, 1], [5, 2], [6, 2], [9, 2]])('%d pictures on a phone', (count, columns) => {
    expect(gridColumns(count, { width: 336, height: 590 })).toBe(columns);
  });

  it.each([PHONE, PC])('has room for nine on %j', (stage) => {
    for (let count = 1; count <= 9; count++) {
      const rects = gridRects(count, stage, INSETS);
      expect(rects).toHaveLength(count);
      for (const [index, rect] of rects.entries()) {
        expect(isInside(rect, stage)).toBe(true);
        expect(rects.slice(index + 1).some((other) => overlap(rect, other))).toBe(false);
      }
    }
  });
  it('centres the last row', () => {
    const rects = gridRects(3, PC, INSETS);
    const last = rects[2] as Rect;
    expect(last.left + last.width / 2).toBeCloseTo(PC.width / 2, 0);
  });
  it('is nothing without pictures', () => {
    expect(gridRects(0, PC, INSETS)).toEqual([]);
  });
});

describe('placeTiles', () => {
  const plan = (more: Partial<StagePlan>): StagePlan => ({
    stage: PC, insets: INSETS, pipInsets: INSETS, remotes: [], local: 'me', chosen: null, corner: 'bottom-right', grid: false, ...more,
  });
  const places = (more: Partial<StagePlan>): Record<string, string> =>
    Object.fromEntries(placeTiles(plan(more)).map(({ key, place }) => [key, place]));

  it.each<[string, Partial<StagePlan>, Record<string, string>]>([
    ['alone one is large', {}, { me: 'main' }],
    ['the other is large', { remotes: ['bob'] }, { bob: 'main', me: 'pip' }],
    ['swapped', { remotes: ['bob'], chosen: 'me' }, { bob: 'pip', me: 'main' }],
    ['whoever was chosen has gone', { remotes: ['bob'], chosen: 'carol' }, { bob: 'main', me: 'pip' }],
    ['a screen first', { remotes: ['bob/sub', 'bob'] }, { 'bob/sub': 'main', bob: 'pip', me: 'pip' }],
    ['a grid of one is none', { remotes: ['bob'], grid: true }, { bob: 'main', me: 'pip' }],
    ['a grid', { remotes: ['bob', 'carol'], grid: true }, { bob: 'grid', carol: 'grid', me: 'pip' }],
    ['one of the grid large', { remotes: ['bob', 'carol'], grid: true, chosen: 'carol' }, { bob: 'hidden', carol: 'main', me: 'pip' }],
    ['in a grid oneself stays small', { remotes: ['bob', 'carol'], grid: true, chosen: 'me' }, { bob: 'grid', carol: 'grid', me: 'pip' }],
  ])('%s', (_, more, expected) => {
    expect(places(more)).toEqual(expected);
  });

  it('gives the large picture the whole stage and keeps its own in the corner', () => {
    const placed = placeTiles(plan({ remotes: ['bob/sub', 'bob'], corner: 'top-left' }));
    const rect = (key: string): Rect => placed.find((tile) => tile.key === key)?.rect as Rect;
    expect(rect('bob/sub')).toEqual({ left: 0, top: 0, ...PC });
    expect(rect('me')).toMatchObject({ left: INSETS.left, top: INSETS.top });
    expect(rect('bob').top).toBeGreaterThan(rect('me').top);
  });
});
