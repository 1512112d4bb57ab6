/** Where trained models lie: folders of named files, numbered by the steps of their training. */

/** The files of one checkpoint by name; there are no folders in it. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** The checkpoints of one model. */
export interface ModelStore {
  /** Steps of the checkpoints that are there, ascending. */
  steps(): Promise<readonly number[]>;
  /** The checkpoint of so many steps, or the latest. Throws `BadInputError` where there is none, or where it cannot be read. */
  read(step: number | null): Promise<ModelFiles>;
  /** All files or none; a checkpoint of the same step is replaced. */
  write(step: number, files: ModelFiles): Promise<void>;
  /** Where there is none of that step, nothing happens. */
  remove(step: number): Promise<void>;
}
