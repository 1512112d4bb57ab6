/** Copies of matrices in the order in which the products read them: then every load is the next one in memory. */

/**
 * W [rows, columns] row-major → panels of eight columns: [columns / 8][rows][8]. Columns are a multiple of 8. Two panels
 * at a time: a cache line that is fetched is used up.
 */
export function packPanels(matrix: usize, rows: i32, columns: i32, panels: usize): void {
  const panelBytes = (<usize>rows) << 5;
  let to = panels;
  for (let column: i32 = 0; column < columns; column += 16) {
    const from = matrix + ((<usize>column) << 2);
    if (column + 16 <= columns) packTwo(from, rows, columns, to, to + panelBytes);
    else packOne(from, rows, columns, to);
    to += panelBytes << 1;
  }
}

function packTwo(from: usize, rows: i32, columns: i32, first: usize, second: usize): void {
  const stride = (<usize>columns) << 2;
  for (let row: i32 = 0; row < rows; row++) {
    v128.store(first, v128.load(from));
    v128.store(first, v128.load(from, 16), 16);
    v128.store(second, v128.load(from, 32));
    v128.store(second, v128.load(from, 48), 16);
    from += stride;
    first += 32;
    second += 32;
  }
}

function packOne(from: usize, rows: i32, columns: i32, to: usize): void {
  const stride = (<usize>columns) << 2;
  for (let row: i32 = 0; row < rows; row++) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    from += stride;
    to += 32;
  }
}

/** W [rows, columns] → panels of Wᵀ: [rows / 8][columns][8]. Both are multiples of 8. */
export function packTransposed(matrix: usize, rows: i32, columns: i32, panels: usize): void {
  const stride = (<usize>columns) << 2;
  let to = panels;
  for (let row: i32 = 0; row < rows; row += 8) {
    const upper = matrix + <usize>row * stride;
    const lower = upper + (stride << 2);
    for (let column: i32 = 0; column < columns; column += 4) {
      const offset = (<usize>column) << 2;
      transposeFour(upper + offset, stride, to);
      transposeFour(lower + offset, stride, to + 16);
      to += 128;
    }
  }
}

/** A square of 4 × 4; its columns go to rows 32 bytes apart. */
function transposeFour(from: usize, stride: usize, to: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + stride);
  const r2 = v128.load(from + stride + stride);
  const r3 = v128.load(from + stride + stride + stride);
  const low01 = v128.shuffle<f32>(r0, r1, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(r0, r1, 2, 6, 3, 7);
  const low23 = v128.shuffle<f32>(r2, r3, 0, 4, 1, 5);
  const high23 = v128.shuffle<f32>(r2, r3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<f32>(low01, low23, 0, 1, 4, 5));
  v128.store(to, v128.shuffle<f32>(low01, low23, 2, 3, 6, 7), 32);
  v128.store(to, v128.shuffle<f32>(high01, high23, 0, 1, 4, 5), 64);
  v128.store(to, v128.shuffle<f32>(high01, high23, 2, 3, 6, 7), 96);
}

/** X [rows, columns] → strips of four columns: [columns / 4][rows][4]. Columns are a multiple of 4. */
export function packStrips(matrix: usize, rows: i32, columns: i32, strips: usize): void {
  const stride = (<usize>columns) << 2;
  let to = strips;
  for (let column: i32 = 0; column < columns; column += 4) {
    let from = matrix + ((<usize>column) << 2);
    for (let row: i32 = 0; row < rows; row++) {
      v128.store(to, v128.load(from));
      from += stride;
      to += 16;
    }
  }
}
