/** `a.b[c]` -> `a?.b?.[c]` in a module, except where that is no JavaScript: what is assigned to, `new`, and tags. */
'use strict';

/** The project's own: every toolchain of uni-app has it. */
function parserOf(root) {
  const paths = [root, __dirname];
  const from = (name) => require.resolve(name, { paths });
  try {
    return require(from('@babel/parser'));
  } catch {
    return require(require.resolve('@babel/parser', { paths: [from('@babel/core')] }));
  }
}

/** Of these a member is always there, or is asked for on purpose. */
const SOLID = new Set(['_vm', '_h', '_c', '_self', 'Object', 'Math', 'JSON', 'Array', 'Number', 'String', 'Date', 'component', 'module', 'exports']);

/** Members along the chain of a target, which must stay as they are. */
function chain(node, kept) {
  for (let current = node; current && current.type === 'MemberExpression'; current = current.object) kept.add(current);
}

function keep(node, kept) {
  if (node.type === 'AssignmentExpression') chain(node.left, kept);
  else if (node.type === 'UpdateExpression') chain(node.argument, kept);
  else if (node.type === 'UnaryExpression' && node.operator === 'delete') chain(node.argument, kept);
  else if (node.type === 'NewExpression') chain(node.callee, kept);
  else if (node.type === 'TaggedTemplateExpression') chain(node.tag, kept);
  else if (node.type === 'ForInStatement' || node.type === 'ForOfStatement') chain(node.left, kept);
}

function isSolid({ type, name }) {
  return type === 'ThisExpression' || type === 'Super' || type === 'MetaProperty' || type === 'ObjectExpression'
    || type === 'ArrayExpression' || (type === 'Identifier' && SOLID.has(name));
}

function visit(node, kept, found) {
  keep(node, kept);
  if (node.type === 'MemberExpression' && !kept.has(node) && !isSolid(node.object)) found.push(node);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (child && typeof child.type === 'string') visit(child, kept, found);
    }
  }
}

/** Where the member's dot or bracket is: after the object and any brackets around it. */
function joint(source, node) {
  const sign = node.computed ? '[' : '.';
  return source.indexOf(sign, node.object.extra && node.object.extra.parenthesized ? source.indexOf(')', node.object.end) : node.object.end);
}

function loosen(source, root = process.cwd()) {
  const { program } = parserOf(root).parse(source, { sourceType: 'module', plugins: ['optionalChaining'] });
  const found = [];
  visit(program, new Set(), found);
  const edits = found.map((node) => ({ at: joint(source, node), text: node.computed ? '?.' : '?' }));
  let result = source;
  for (const { at, text } of edits.sort((a, b) => b.at - a.at)) result = result.slice(0, at) + text + result.slice(at);
  return result;
}

module.exports = { loosen };
