/** Every regular expression in the sources, found in their syntax trees. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface FoundPattern {
  /** `path:line` */
  readonly where: string;
  readonly source: string;
  readonly flags: string;
}

export interface Found {
  readonly files: number;
  readonly patterns: readonly FoundPattern[];
  /** `RegExp(...)` and `new RegExp(...)`: what they match cannot be read off. */
  readonly constructed: readonly string[];
}

export function patternsIn(folders: readonly string[]): Found {
  const patterns: FoundPattern[] = [];
  const constructed: string[] = [];
  let files = 0;
  for (const path of folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => join(folder, file)),
  )) {
    if (!/\.(?:ts|mjs|cjs|js)$/.test(path)) continue;
    files++;
    const tree = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const where = (node: ts.Node) => `${path}:${tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1}`;
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf("/");
        patterns.push({ where: where(node), source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
      }
      if ((ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText(tree) === "RegExp") {
        constructed.push(`${where(node)} ${node.getText(tree)}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return { files, patterns, constructed };
}
