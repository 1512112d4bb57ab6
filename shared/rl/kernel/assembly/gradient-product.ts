/** C = Aᵀ·B: the gradient of a kernel from what went in and what came back, summed over all rows at once. */

/** Rows summed in one go: a strip of A and a panel of B then lie in the first cache. */
const ROW_BLOCK: i32 = 512;

/** A in strips of four columns, B in panels of eight (pack.ts), C row-major [inputs, outputs]. */
export function gradientProduct(strips: usize, inputs: i32, panels: usize, outputs: i32, rows: i32, c: usize): void {
  const cStride = (<usize>outputs) << 2;
  for (let first: i32 = 0; first < rows; first += ROW_BLOCK) {
    const count = <usize>min(ROW_BLOCK, rows - first);
    for (let output: i32 = 0; output < outputs; output += 8) {
      const panel = panels + ((((<usize>output) >> 3) * <usize>rows + <usize>first) << 5);
      for (let input: i32 = 0; input < inputs; input += 4) {
        const strip = strips + ((((<usize>input) >> 2) * <usize>rows + <usize>first) << 4);
        tile(strip, panel, count, first > 0, c + <usize>input * cStride + ((<usize>output) << 2), cStride);
      }
    }
  }
}

function tile(strip: usize, panel: usize, rows: usize, add: bool, c: usize, cStride: usize): void {
  let c00 = f32x4.splat(0);
  let c01 = f32x4.splat(0);
  let c10 = f32x4.splat(0);
  let c11 = f32x4.splat(0);
  let c20 = f32x4.splat(0);
  let c21 = f32x4.splat(0);
  let c30 = f32x4.splat(0);
  let c31 = f32x4.splat(0);
  let a = strip;
  const end = panel + (rows << 5);
  for (let p = panel; p < end; p += 32) {
    const b0 = v128.load(p);
    const b1 = v128.load(p, 16);
    let x = v128.load_splat<f32>(a);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    a += 16;
  }
  const d1 = c + cStride;
  const d2 = d1 + cStride;
  const d3 = d2 + cStride;
  if (add) {
    c00 = f32x4.add(v128.load(c), c00);
    c01 = f32x4.add(v128.load(c, 16), c01);
    c10 = f32x4.add(v128.load(d1), c10);
    c11 = f32x4.add(v128.load(d1, 16), c11);
    c20 = f32x4.add(v128.load(d2), c20);
    c21 = f32x4.add(v128.load(d2, 16), c21);
    c30 = f32x4.add(v128.load(d3), c30);
    c31 = f32x4.add(v128.load(d3, 16), c31);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(d1, c10);
  v128.store(d1, c11, 16);
  v128.store(d2, c20);
  v128.store(d2, c21, 16);
  v128.store(d3, c30);
  v128.store(d3, c31, 16);
}

/** Gradient of a bias: the sum of each column of B, in panels. */
export function columnSums(panels: usize, outputs: i32, rows: i32, sums: usize): void {
  let p = panels;
  for (let output: i32 = 0; output < outputs; output += 8) {
    let s0 = f32x4.splat(0);
    let s1 = f32x4.splat(0);
    for (const end = p + ((<usize>rows) << 5); p < end; p += 32) {
      s0 = f32x4.add(s0, v128.load(p));
      s1 = f32x4.add(s1, v128.load(p, 16));
    }
    v128.store(sums, s0);
    v128.store(sums, s1, 16);
    sums += 32;
  }
}
