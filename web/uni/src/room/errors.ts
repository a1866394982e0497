/** What every rejected promise and every ERROR event of the component carries. */

export interface RoomErrorShape {
  /** The platform's number where it has one, such as -100018 for a bad signature; -1 for wrong arguments. */
  code: number;
  message: string;
}

export class RoomError extends Error implements RoomErrorShape {
  override readonly name = 'RoomError';
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** Numbers with which entering has failed. */
export const ENTER_FAILURES: ReadonlySet<number> = new Set([-1307, -3301, -3318, -3319, -100006, -100015, -100018]);
