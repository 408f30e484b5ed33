// The parameters that a cell declares: variables at its top level, with their types, values and comments.
import ts from "typescript";
import type { SchemaNode } from "../run/mod.ts";

/** A parameter of a notebook. */
export interface Parameter {
  readonly name: string;
  readonly keyword: "const" | "let" | "var";
  /** What values it takes, from its type or else from its value; anything where neither says. */
  readonly schema: SchemaNode;
  /** Its value, as it is written. */
  readonly value: string;
  /** The comment above it, or at the end of its line; empty for none. */
  readonly comment: string;
}

/** The parameters of a cell with this source, in order. */
export function declaredParameters(source: string): Parameter[] {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.Latest, true);
  return file.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => {
    const { flags } = declarationList;
    const keyword = flags & ts.NodeFlags.Const ? "const" : flags & ts.NodeFlags.Let ? "let" : "var";
    return declarationList.declarations.flatMap((one): Parameter[] =>
      ts.isIdentifier(one.name)
        ? [{
          name: one.name.text,
          keyword,
          schema: (one.type && typeSchema(one.type)) ?? (one.initializer && valueSchema(one.initializer)) ?? {},
          value: one.initializer?.getText(file) ?? "undefined",
          comment: commentOf(source, declarationList.declarations.length > 1 ? one : one.parent.parent),
        }]
        : []
    );
  });
}

function commentOf(source: string, node: ts.Node): string {
  const before = ts.getLeadingCommentRanges(source, node.pos) ?? [];
  const after = ts.getTrailingCommentRanges(source, node.end) ?? [];
  const text = ({ pos, end }: ts.CommentRange) =>
    source.slice(pos, end).replace(/^\/\/+|^\/\*+|\*+\/$/g, "").replace(/^\s*\* ?/gm, "").trim();
  return [...before, ...after].map(text).filter((one) => one !== "").join(" ").replace(/\s+/g, " ");
}

/** What values a type admits; undefined for types that say nothing here. */
function typeSchema(type: ts.TypeNode): SchemaNode | undefined {
  if (ts.isParenthesizedTypeNode(type)) return typeSchema(type.type);
  if (ts.isLiteralTypeNode(type)) return literalSchema(type.literal);
  if (ts.isArrayTypeNode(type)) return { type: "array", items: typeSchema(type.elementType) ?? {} };
  if (ts.isTypeOperatorNode(type)) return typeSchema(type.type);
  if (ts.isTypeLiteralNode(type)) return { type: "object" };
  if (ts.isUnionTypeNode(type)) {
    const members = type.types.map(typeSchema);
    if (members.some((member) => member === undefined)) return undefined;
    const choices = members.map((member) => member!.const);
    return choices.every((choice) => typeof choice === "string")
      ? { enum: choices }
      : { anyOf: members as SchemaNode[] };
  }
  if (ts.isTypeReferenceNode(type) && /^(Readonly)?Array$/.test(type.typeName.getText())) {
    const [items] = type.typeArguments ?? [];
    return { type: "array", items: (items && typeSchema(items)) ?? {} };
  }
  if (type.kind === ts.SyntaxKind.StringKeyword) return { type: "string" };
  if (type.kind === ts.SyntaxKind.NumberKeyword) return { type: "number" };
  return type.kind === ts.SyntaxKind.BooleanKeyword ? { type: "boolean" } : undefined;
}

/** What values are of the type of this one; undefined where that is not plain to see. */
function valueSchema(value: ts.Expression): SchemaNode | undefined {
  if (ts.isStringLiteralLike(value) || ts.isTemplateExpression(value)) return { type: "string" };
  if (ts.isNumericLiteral(value)) return { type: "number" };
  if (ts.isPrefixUnaryExpression(value)) return valueSchema(value.operand);
  if (ts.isParenthesizedExpression(value)) return valueSchema(value.expression);
  if (ts.isAsExpression(value) || ts.isSatisfiesExpression(value)) {
    return typeSchema(value.type) ?? valueSchema(value.expression);
  }
  if (ts.isObjectLiteralExpression(value)) return { type: "object" };
  if (ts.isArrayLiteralExpression(value)) {
    const items = value.elements.map(valueSchema);
    const same = items.every((item) => item?.type !== undefined && item.type === items[0]!.type);
    return { type: "array", items: same && items[0] !== undefined ? items[0] : {} };
  }
  // `Deno.env.get("NAME") ?? "value"` has the type of its last part.
  const { QuestionQuestionToken, BarBarToken, TrueKeyword, FalseKeyword } = ts.SyntaxKind;
  if (ts.isBinaryExpression(value) && [QuestionQuestionToken, BarBarToken].includes(value.operatorToken.kind)) {
    return valueSchema(value.right);
  }
  return [TrueKeyword, FalseKeyword].includes(value.kind) ? { type: "boolean" } : undefined;
}

function literalSchema(literal: ts.LiteralTypeNode["literal"]): SchemaNode | undefined {
  if (ts.isStringLiteral(literal)) return { const: literal.text };
  if (ts.isNumericLiteral(literal)) return { const: Number(literal.text) };
  const { TrueKeyword, FalseKeyword, NullKeyword } = ts.SyntaxKind;
  if (literal.kind === NullKeyword) return { type: "null" };
  return [TrueKeyword, FalseKeyword].includes(literal.kind) ? { const: literal.kind === TrueKeyword } : undefined;
}
