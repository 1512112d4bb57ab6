/** Learning that left the numbers. */

/** The gradient is infinite or not a number: the weights stay as they were, the gradient is forgotten. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
  constructor(readonly gradientNorm: number) {
    super(`the gradient's norm is '${gradientNorm}': the learning rate, the rewards or the observations are too large`);
  }
}
