/** scale[c]·x + shift[c] per channel c: what a batch norm is once its statistics stand still. */
import type { Parameter } from './parameters.js';

export interface ChannelAffine {
  /** Learned parameters behind it. */
  readonly parameters: readonly Parameter[];
  /** One value per channel, in double precision. */
  values(): { readonly scale: Float64Array; readonly shift: Float64Array };
}
