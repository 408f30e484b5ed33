// Prints an inferred type as source text: names of zod and of the repository are imported, and the comments of properties
// are kept.
import { dirname, join, relative } from "node:path/posix";
import ts from "typescript";
import { UserError } from "../errors.ts";

const FLAGS = ts.NodeBuilderFlags.NoTruncation | ts.NodeBuilderFlags.UseStructuralFallback |
  ts.NodeBuilderFlags.WriteClassExpressionAsTypeLiteral;
const ZOD = /\/node_modules\/zod\/v4\/(core|classic)\//;

const NEVER = ts.factory.createKeywordTypeNode(ts.SyntaxKind.NeverKeyword);

/** What a printed file needs. */
export interface Printing {
  readonly program: ts.Program;
  readonly checker: ts.TypeChecker;
  /** A file that imports nothing but zod, so that every other name is printed with the file that it comes from. */
  readonly scope: ts.SourceFile;
  /** The repository's root, as an absolute path that ends in a slash. */
  readonly root: string;
  /** Path of the printed file from the root. */
  readonly path: string;
  /** Receives the names to import, by module specifier. */
  readonly imports: Map<string, Set<string>>;
}

/**
 * The declaration of a type's name.
 *
 * An interface where that is possible, because its name is then printed wherever another type contains it.
 *
 * @throws UserError `types.foreign` for a type that contains a name of a package other than zod, `types.unexported`
 */
export function printDeclaration(name: string, type: ts.Type, printing: Printing): string {
  const { checker, scope } = printing;
  const built = checker.typeToTypeNode(type, scope, FLAGS);
  if (built === undefined) throw new Error(`${name} has no type that can be written`);
  const node = named(withComments(built, type, checker), printing);
  const text = ts.createPrinter().printNode(ts.EmitHint.Unspecified, node, scope);
  if (!ts.isTypeReferenceNode(node)) return `export type ${name} = ${text};`;
  return `export interface ${name} extends ${text} {}`;
}

/** The same node with a type's comments before its properties, at any depth, and unions in the order of the alphabet. */
function withComments(node: ts.TypeNode, type: ts.Type, checker: ts.TypeChecker): ts.TypeNode {
  const { factory } = ts;
  if (ts.isTypeLiteralNode(node)) {
    // `deno lint` refuses `{}`.
    if (node.members.length === 0) return factory.createTypeReferenceNode("Record", [NEVER, NEVER]);
    return factory.createTypeLiteralNode(node.members.map((member) => {
      if (!ts.isPropertySignature(member) || member.type === undefined) return member;
      const symbol = checker.getPropertyOfType(type, propertyName(member.name));
      if (symbol === undefined) return member;
      const inner = withComments(member.type, checker.getTypeOfSymbol(symbol), checker);
      const made = factory.createPropertySignature(member.modifiers, member.name, member.questionToken, inner);
      const comment = commentOf(symbol);
      if (comment === undefined) return made;
      return ts.addSyntheticLeadingComment(made, ts.SyntaxKind.MultiLineCommentTrivia, comment, true);
    }));
  }
  if (ts.isTypeOperatorNode(node)) {
    return factory.createTypeOperatorNode(node.operator, withComments(node.type, type, checker));
  }
  if (ts.isIntersectionTypeNode(node) && type.isIntersection()) {
    return factory.createIntersectionTypeNode(node.types.map((one, i) => withComments(one, type.types[i]!, checker)));
  }
  const parts = partsOf(type, checker);
  const inner = (child: ts.TypeNode, i: number) => {
    return parts[i] === undefined ? child : withComments(child, parts[i], checker);
  };
  if (ts.isArrayTypeNode(node)) return factory.createArrayTypeNode(inner(node.elementType, 0));
  if (ts.isTupleTypeNode(node)) {
    const elements = node.elements.map((one, i) => ts.isRestTypeNode(one) ? one : inner(one as ts.TypeNode, i));
    return ts.setEmitFlags(factory.createTupleTypeNode(elements), ts.EmitFlags.SingleLine);
  }
  if (ts.isTypeReferenceNode(node)) {
    return factory.createTypeReferenceNode(node.typeName, argumentsOf(node, inner));
  }
  if (ts.isImportTypeNode(node)) {
    const { argument, attributes, qualifier, isTypeOf } = node;
    return factory.createImportTypeNode(argument, attributes, qualifier, argumentsOf(node, inner), isTypeOf);
  }
  return node;
}

/** The arguments of a generic type, as `inner` makes them. */
function argumentsOf(
  node: ts.TypeReferenceNode | ts.ImportTypeNode,
  inner: (child: ts.TypeNode, i: number) => ts.TypeNode,
): readonly ts.TypeNode[] | undefined {
  const made = node.typeArguments?.map(inner);
  return isEnum(node) ? enumInOrder(made) : made;
}

function isEnum(node: ts.TypeReferenceNode | ts.ImportTypeNode): boolean {
  const name = ts.isImportTypeNode(node) ? node.qualifier : node.typeName;
  return name !== undefined && (ts.isIdentifier(name) ? name : name.right).text === "ZodEnum";
}

/** The members of an enum in one line, in the order of the alphabet. */
function enumInOrder([members]: readonly ts.TypeNode[] = []): readonly ts.TypeNode[] | undefined {
  if (members === undefined || !ts.isTypeLiteralNode(members)) return members && [members];
  const name = ({ name }: ts.TypeElement) => propertyName(name!);
  const sorted = ts.factory.createTypeLiteralNode(members.members.toSorted((a, b) => name(a) < name(b) ? -1 : 1));
  return [ts.setEmitFlags(sorted, ts.EmitFlags.SingleLine)];
}

function propertyName(name: ts.PropertyName): string {
  if (ts.isIdentifier(name) || ts.isStringLiteral(name) || ts.isNumericLiteral(name)) return name.text;
  throw new Error("A property without a plain name cannot be written");
}

/** The arguments of a generic type, elements of an array or a tuple included. */
function partsOf(type: ts.Type, checker: ts.TypeChecker): readonly ts.Type[] {
  if (type.aliasTypeArguments !== undefined) return type.aliasTypeArguments;
  const isReference = ((type as ts.ObjectType).objectFlags & ts.ObjectFlags.Reference) !== 0;
  return isReference ? checker.getTypeArguments(type as ts.TypeReference) : [];
}

/** The comment before a property's definition, without its delimiters. */
function commentOf(symbol: ts.Symbol): string | undefined {
  const [declaration] = symbol.declarations ?? [];
  if (declaration === undefined) return undefined;
  const text = declaration.getSourceFile().text;
  const range = ts.getLeadingCommentRanges(text, declaration.pos)?.at(-1);
  const comment = range === undefined ? "" : text.slice(range.pos, range.end);
  return comment.startsWith("/**") ? comment.slice(2, -2) : undefined;
}

/** Replaces `import("…").Name` by names to import. */
function named(node: ts.TypeNode, printing: Printing): ts.TypeNode {
  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, undefined);
    if (ts.isUnionTypeNode(visited)) return sorted(visited);
    if (!ts.isImportTypeNode(visited)) return visited;
    const { argument, qualifier, typeArguments } = visited;
    if (!ts.isLiteralTypeNode(argument) || !ts.isStringLiteral(argument.literal) || qualifier === undefined) {
      throw new Error("An import without a name cannot be written");
    }
    return ts.factory.createTypeReferenceNode(nameOf(argument.literal.text, qualifier, printing), typeArguments);
  };
  return visit(node) as ts.TypeNode;
}

/** TypeScript orders unions as it meets their members, which depends on other files. */
function sorted(union: ts.UnionTypeNode): ts.TypeNode {
  if (!union.types.every((type) => ts.isLiteralTypeNode(type))) return union;
  const text = (type: ts.TypeNode) => {
    const { literal } = type as ts.LiteralTypeNode;
    return ts.isLiteralExpression(literal) ? literal.text : `~${literal.kind}`;
  };
  return ts.factory.createUnionTypeNode(union.types.toSorted((a, b) => text(a) < text(b) ? -1 : 1));
}

function nameOf(module: string, qualifier: ts.EntityName, printing: Printing): ts.EntityName {
  const { root, path, imports } = printing;
  const zod = ZOD.exec(module)?.[1];
  if (zod !== undefined) {
    const z = ts.factory.createIdentifier("z");
    return prefixed(zod === "core" ? ts.factory.createQualifiedName(z, "core") : z, qualifier);
  }
  if (!module.startsWith(`${root}lib/`)) {
    throw new UserError(
      "types.foreign",
      `${path} would need the type ${leftmost(qualifier)} of ${module}: it can only import zod's`,
    );
  }
  const file = `${module.slice(root.length)}.ts`;
  if (file === path) return qualifier;
  const [own, other] = [path, file].map((one) => one.split("/").slice(0, 2).join("/"));
  const target = own === other || other!.endsWith(".ts") ? file : `${other}/mod.ts`;
  const specifier = relative(dirname(path), join(target)).replace(/^(?!\.)/, "./");
  if (target !== file) checkExported(leftmost(qualifier), target, printing);
  const names = imports.get(specifier) ?? new Set();
  imports.set(specifier, names.add(leftmost(qualifier)));
  return qualifier;
}

/** @throws UserError when a room does not export a name that another room's types need */
function checkExported(name: string, path: string, { checker, program, root }: Printing): void {
  const source = program.getSourceFile(root + path);
  const symbol = source && checker.getSymbolAtLocation(source);
  if (symbol !== undefined && checker.getExportsOfModule(symbol).some((one) => one.name === name)) return;
  throw new UserError("types.unexported", `${path} must export the type ${name}, which types of other rooms contain`);
}

function prefixed(prefix: ts.EntityName, name: ts.EntityName): ts.EntityName {
  if (ts.isIdentifier(name)) return ts.factory.createQualifiedName(prefix, name);
  return ts.factory.createQualifiedName(prefixed(prefix, name.left), name.right);
}

function leftmost(name: ts.EntityName): string {
  return ts.isIdentifier(name) ? name.text : leftmost(name.left);
}
