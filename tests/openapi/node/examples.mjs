// Writes a TypeScript file that assigns every example of the document to its type.
// Usage: node examples.mjs DOCUMENT TYPES > examples.ts
import { readFileSync } from "node:fs";

const [documentPath, types] = process.argv.slice(2);
const document = JSON.parse(readFileSync(documentPath, "utf8"));
const examples = [];

for (const [type, schema] of Object.entries(document.components.schemas)) {
  (schema.examples ?? []).forEach((value) => examples.push({ type, value }));
}

// A media type names its examples beside its schema.
function mediaTypes(node) {
  if (node === null || typeof node !== "object") return;
  for (const media of Object.values(node.content ?? {})) {
    const type = media.schema?.$ref?.split("/").pop();
    for (const example of Object.values(media.examples ?? {})) {
      const id = example.$ref?.split("/").pop();
      if (type && id) examples.push({ type, value: document.components.examples[id].value });
    }
  }
  Object.values(node).forEach(mediaTypes);
}
mediaTypes(document.paths);
mediaTypes(document.components.responses);

if (examples.length === 0) throw new Error(`${documentPath} has no examples`);
console.log(`import type { components } from "${types}";`);
console.log(`type Schemas = components["schemas"];`);
// Members that a schema does not name are allowed. TypeScript objects to them in a literal, but not in its copy.
console.log("type Copy<T> = { -readonly [K in keyof T]: Copy<T[K]> };");
console.log("function copy<T>(value: T): Copy<T> { return value as Copy<T>; }");
examples.forEach(({ type, value }, index) => {
  console.log(`const value${index} = ${JSON.stringify(value, null, 2)} as const;`);
  console.log(`export const example${index}: Schemas["${type}"] = copy(value${index});`);
});
console.error(`${examples.length} examples`);
