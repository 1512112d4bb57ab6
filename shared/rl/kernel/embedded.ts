/** The kernel inside a bundle: the bundler compiles it and puts its bytes in. */

declare const REPLICANT_KERNEL_BASE64: string | undefined;

/** The kernel's bytes. Outside a bundle there are none; there `compileKernel` makes them. */
export function embeddedKernel(): Uint8Array {
  if (typeof REPLICANT_KERNEL_BASE64 === "undefined")
    throw new Error("the kernel is put in by the bundler: run 'npm run build' and start from dist/");
  return Uint8Array.from(atob(REPLICANT_KERNEL_BASE64), (character) => character.charCodeAt(0));
}
