/**
 * Runs tasks one after the other in the order in which they were given. A device that is switched
 * on and off quickly would otherwise end as whichever of the two finished last.
 */
export type Serial = <T>(task: () => Promise<T>) => Promise<T>;

export function createSerial(): Serial {
  let tail: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = tail.then(task, task);
    tail = result.catch(() => undefined);
    return result;
  };
}
