/** Where each picture goes, as a style. Pure. */

import type { Template } from './config.js';
import type { ViewSettings } from './view-store.js';

/** The most that a page of the grid holds, the own picture included. */
export const PAGE_SIZE = 9;
/** The same for a phone that runs out of memory: each picture is a decoder. */
export const SMALL_PAGE_SIZE = 4;

export interface Tile {
  /** '' = the own picture. */
  key: string;
  view: ViewSettings;
}

export interface Place {
  style: string;
  /** Off-screen pictures are not received. */
  shown: boolean;
  /** 1v1: the small picture, which a tap makes the big one. */
  small: boolean;
}

export interface Arrangement {
  template: Template;
  /** 1v1: the own picture is the big one. */
  swapped: boolean;
  /** grid: from 0. */
  page: number;
  pageSize?: number;
}

const HIDDEN: Place = { style: 'display:none', shown: false, small: false };

function percent(value: number): string {
  return `${Math.round(value * 1e4) / 100}%`;
}

function box(left: string, top: string, width: string, height: string, zIndex: number): string {
  return `position:absolute;left:${left};top:${top};width:${width};height:${height};z-index:${zIndex}`;
}

function length(value: number | string): string {
  return typeof value === 'number' ? `${value}px` : value;
}

function adjusted(place: Place, { visible, zIndex }: ViewSettings): Place {
  if (visible === false) return HIDDEN;
  return zIndex === undefined ? place : { ...place, style: `${place.style.replace(/;z-index:[^;]*$/, '')};z-index:${zIndex}` };
}

/** Columns and rows for a number of pictures. */
export function gridShape(count: number): { columns: number; rows: number } {
  if (count <= 1) return { columns: 1, rows: 1 };
  if (count === 2) return { columns: 1, rows: 2 }; // phones are held upright
  if (count <= 4) return { columns: 2, rows: 2 };
  if (count <= 6) return { columns: 2, rows: 3 };
  return { columns: 3, rows: 3 };
}

export function pageCount(tiles: number, pageSize = PAGE_SIZE): number {
  return Math.max(1, Math.ceil(tiles / pageSize));
}

const BIG = box('0', '0', '100%', '100%', 1);
const SMALL = box('auto', '88px', '28%', '22%', 3).replace('left:auto', 'right:16px');

/** The own picture is the first tile. With somebody else there, the other one is big unless swapped. */
function pair(tiles: readonly Tile[], swapped: boolean): Map<string, Place> {
  const others = tiles.slice(1);
  const big = others.length === 0 || swapped ? tiles[0] : others[others.length - 1];
  const small = others.length === 0 ? undefined : swapped ? others[others.length - 1] : tiles[0];
  return new Map(tiles.map((tile) => [tile.key,
    tile === big ? { style: BIG, shown: true, small: false }
      : tile === small ? { style: SMALL, shown: true, small: true } : HIDDEN]));
}

function grid(tiles: readonly Tile[], page: number, pageSize: number): Map<string, Place> {
  const onPage = tiles.slice(page * pageSize, (page + 1) * pageSize);
  const { columns, rows } = gridShape(onPage.length);
  const places = new Map<string, Place>(tiles.map(({ key }) => [key, HIDDEN]));
  onPage.forEach(({ key }, i) => places.set(key, {
    style: box(percent((i % columns) / columns), percent(Math.floor(i / columns) / rows), percent(1 / columns), percent(1 / rows), 1),
    shown: true, small: false,
  }));
  return places;
}

/** What has no rectangle of its own lies where it is out of the way: the own one behind, the others along the edge. */
function custom(tiles: readonly Tile[]): Map<string, Place> {
  return new Map(tiles.map(({ key, view: { rect } }, i) => {
    const style = rect
      ? box(length(rect.xAxis), length(rect.yAxis), length(rect.width), length(rect.height), 1)
      : i === 0 ? BIG : box('72%', percent(0.02 + ((i - 1) % 4) * 0.24), '26%', '22%', 2);
    return [key, { style, shown: true, small: false }];
  }));
}

/** Place by key. The first tile is the own picture. */
export function arrange(tiles: readonly Tile[], { template, swapped, page, pageSize = PAGE_SIZE }: Arrangement): Map<string, Place> {
  const places = template === '1v1' ? pair(tiles, swapped) : template === 'grid' ? grid(tiles, page, pageSize) : custom(tiles);
  return new Map(tiles.map((tile) => [tile.key, adjusted(places.get(tile.key)!, tile.view)]));
}
