// The declarations whose types are inferred: constants that are annotated with a type of their room's inferred-types.ts.
import ts from "typescript";

/** The name of the generated file of a room. */
export const GENERATED = "inferred-types.ts";

/** A constant whose type is inferred. */
export interface Declaration {
  /** Path of its file from the repository's root. */
  readonly path: string;
  /** The room that it belongs to, such as `lib/run`. */
  readonly room: string;
  /** The constant. */
  readonly name: string;
  /** Its type in the room's generated file. */
  readonly type: string;
}

/** A file with its declarations, and its text with a second constant for each, which has no annotation. */
export interface Declared {
  readonly declarations: readonly Declaration[];
  readonly text: string;
}

/** The constant without an annotation that stands beside another one. */
export function plainName(name: string): string {
  return `${name}$plain`;
}

/**
 * Finds the declarations of a file.
 *
 * @param path from the repository's root, within a room
 */
export function declaredIn(path: string, text: string): Declared {
  if (!text.includes(`/${GENERATED}"`)) return { declarations: [], text };
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const room = path.split("/").slice(0, 2).join("/");
  const types = new Set(source.statements.filter(ts.isImportDeclaration).flatMap(importedTypes));
  const declarations: Declaration[] = [];
  let plain = text;
  // From the end, so that earlier positions stay right.
  for (const node of source.statements.filter(ts.isVariableStatement).flatMap(declarationsOf).reverse()) {
    const { name, type, initializer } = node;
    if (type === undefined || initializer === undefined || !types.has(type.getText())) continue;
    declarations.unshift({ path, room, name: name.getText(), type: type.getText() });
    const other = plainName(name.getText());
    plain = plain.slice(0, name.getStart()) +
      `${other} = ${initializer.getText()}, ${name.getText()}: ${type.getText()} = ${other} as never` +
      plain.slice(initializer.end);
  }
  return { declarations, text: plain };
}

/** The names that an import takes from a generated file. */
function importedTypes({ moduleSpecifier, importClause }: ts.ImportDeclaration): string[] {
  const bindings = importClause?.namedBindings;
  if (!ts.isStringLiteral(moduleSpecifier) || !moduleSpecifier.text.endsWith(`/${GENERATED}`)) return [];
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(({ name }) => name.text) : [];
}

function declarationsOf(statement: ts.VariableStatement): readonly ts.VariableDeclaration[] {
  return statement.declarationList.declarations;
}
