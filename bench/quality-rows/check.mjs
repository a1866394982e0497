// One demand: what was measured, what is required, and whether it holds. A limit of null demands nothing.

const fits = (measured, limit, compare) => (limit === null ? null : measured !== null && compare(measured, limit));

export function atMost(what, measured, limit, unit) {
  return { what, measured, unit, required: limit === null ? '' : `<= ${limit} ${unit}`, ok: fits(measured, limit, (m, l) => m <= l) };
}

export function atLeast(what, measured, limit, unit) {
  return { what, measured, unit, required: limit === null ? '' : `>= ${limit} ${unit}`, ok: fits(measured, limit, (m, l) => m >= l) };
}

/** `choose` of the values, null when one of them is not known. */
export function worst(values, choose) {
  return values.some((value) => value === null) ? null : choose(...values);
}

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
