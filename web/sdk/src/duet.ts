import type { DuetStatics } from './api.js';

// The signatures come first so that pages can be written against them; the class follows.
export declare const Duet: DuetStatics;
