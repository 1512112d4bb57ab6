/** C = seed + A·B, the product that nearly all the time goes into. */

/** Rows of A walked before the next panel of B, so that they are still in the second cache for it. */
const ROW_BLOCK: i32 = 64;

/**
 * A is row-major, B in panels (pack.ts), C row-major; strides are bytes. Row r starts from the row at
 * `seed` + r · `seedStride`: a bias (stride 0), C itself, or zeros. Each element is summed in the order of k whatever
 * tile it falls into, so the result does not depend on how many rows come at once. `columns` is a multiple of 8.
 */
export function multiply(
  a: usize,
  aStride: usize,
  rows: i32,
  depth: i32,
  panels: usize,
  columns: i32,
  seed: usize,
  seedStride: usize,
  c: usize,
  cStride: usize,
): void {
  const panelBytes = (<usize>depth) << 5;
  const fours = rows & ~3;
  for (let first: i32 = 0; first < fours; first += ROW_BLOCK) {
    const last = min(first + ROW_BLOCK, fours);
    let panel = panels;
    for (let column: i32 = 0; column < columns; column += 8) {
      const offset = (<usize>column) << 2;
      for (let row = first; row < last; row += 4) {
        const r = <usize>row;
        fourRows(
          a + r * aStride,
          aStride,
          panel,
          panelBytes,
          seed + r * seedStride + offset,
          seedStride,
          c + r * cStride + offset,
          cStride,
        );
      }
      panel += panelBytes;
    }
  }
  for (let row = fours; row < rows; row++) {
    const r = <usize>row;
    oneRow(a + r * aStride, panels, panelBytes, columns, seed + r * seedStride, c + r * cStride);
  }
}

/** A tile of 4 × 8: eight accumulators. Not unrolled over k: V8 would spill its sixteen registers. */
function fourRows(
  a: usize,
  aStride: usize,
  panel: usize,
  panelBytes: usize,
  seed: usize,
  seedStride: usize,
  c: usize,
  cStride: usize,
): void {
  let a0 = a;
  let a1 = a0 + aStride;
  let a2 = a1 + aStride;
  let a3 = a2 + aStride;
  const s1 = seed + seedStride;
  const s2 = s1 + seedStride;
  const s3 = s2 + seedStride;
  let c00 = v128.load(seed);
  let c01 = v128.load(seed, 16);
  let c10 = v128.load(s1);
  let c11 = v128.load(s1, 16);
  let c20 = v128.load(s2);
  let c21 = v128.load(s2, 16);
  let c30 = v128.load(s3);
  let c31 = v128.load(s3, 16);
  const end = panel + panelBytes;
  for (let p = panel; p < end; p += 32) {
    const b0 = v128.load(p);
    const b1 = v128.load(p, 16);
    let x = v128.load_splat<f32>(a0);
    c00 = f32x4.add(c00, f32x4.mul(x, b0));
    c01 = f32x4.add(c01, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a1);
    c10 = f32x4.add(c10, f32x4.mul(x, b0));
    c11 = f32x4.add(c11, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a2);
    c20 = f32x4.add(c20, f32x4.mul(x, b0));
    c21 = f32x4.add(c21, f32x4.mul(x, b1));
    x = v128.load_splat<f32>(a3);
    c30 = f32x4.add(c30, f32x4.mul(x, b0));
    c31 = f32x4.add(c31, f32x4.mul(x, b1));
    a0 += 4;
    a1 += 4;
    a2 += 4;
    a3 += 4;
  }
  const d1 = c + cStride;
  const d2 = d1 + cStride;
  const d3 = d2 + cStride;
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(d1, c10);
  v128.store(d1, c11, 16);
  v128.store(d2, c20);
  v128.store(d2, c21, 16);
  v128.store(d3, c30);
  v128.store(d3, c31, 16);
}

/** One row against four panels at a time, so that eight sums are under way and none waits for itself. */
function oneRow(a: usize, panels: usize, panelBytes: usize, columns: i32, seed: usize, c: usize): void {
  let panel = panels;
  let column: i32 = 0;
  for (; column + 32 <= columns; column += 32) {
    const p1 = panelBytes;
    const p2 = panelBytes << 1;
    const p3 = p1 + p2;
    let c0 = v128.load(seed);
    let c1 = v128.load(seed, 16);
    let c2 = v128.load(seed, 32);
    let c3 = v128.load(seed, 48);
    let c4 = v128.load(seed, 64);
    let c5 = v128.load(seed, 80);
    let c6 = v128.load(seed, 96);
    let c7 = v128.load(seed, 112);
    let k = a;
    const end = panel + panelBytes;
    for (let p = panel; p < end; p += 32) {
      const x = v128.load_splat<f32>(k);
      k += 4;
      c0 = f32x4.add(c0, f32x4.mul(x, v128.load(p)));
      c1 = f32x4.add(c1, f32x4.mul(x, v128.load(p, 16)));
      c2 = f32x4.add(c2, f32x4.mul(x, v128.load(p + p1)));
      c3 = f32x4.add(c3, f32x4.mul(x, v128.load(p + p1, 16)));
      c4 = f32x4.add(c4, f32x4.mul(x, v128.load(p + p2)));
      c5 = f32x4.add(c5, f32x4.mul(x, v128.load(p + p2, 16)));
      c6 = f32x4.add(c6, f32x4.mul(x, v128.load(p + p3)));
      c7 = f32x4.add(c7, f32x4.mul(x, v128.load(p + p3, 16)));
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    v128.store(c, c2, 32);
    v128.store(c, c3, 48);
    v128.store(c, c4, 64);
    v128.store(c, c5, 80);
    v128.store(c, c6, 96);
    v128.store(c, c7, 112);
    panel += panelBytes << 2;
    seed += 128;
    c += 128;
  }
  for (; column < columns; column += 8) {
    let c0 = v128.load(seed);
    let c1 = v128.load(seed, 16);
    let k = a;
    const end = panel + panelBytes;
    for (let p = panel; p < end; p += 32) {
      const x = v128.load_splat<f32>(k);
      k += 4;
      c0 = f32x4.add(c0, f32x4.mul(x, v128.load(p)));
      c1 = f32x4.add(c1, f32x4.mul(x, v128.load(p, 16)));
    }
    v128.store(c, c0);
    v128.store(c, c1, 16);
    panel = end;
    seed += 32;
    c += 32;
  }
}
