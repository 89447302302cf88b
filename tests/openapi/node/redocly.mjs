// Shows what Redocly has found, and fails on any of it. It writes one report for each document, one behind the other.
// Usage: node redocly.mjs REPORTS NUMBER-OF-DOCUMENTS
import { readFileSync } from "node:fs";

const [path, documents] = process.argv.slice(2);
const reports = JSON.parse(`[${readFileSync(path, "utf8").replace(/^\}\{$/gm, "},{")}]`);
if (reports.length !== Number(documents)) throw new Error(`${reports.length} reports on ${documents} documents`);
let found = 0;
for (const { totals, problems } of reports) {
  if (typeof totals?.warnings !== "number") throw new Error("this is not a report of Redocly");
  found += totals.errors + totals.warnings + totals.ignored;
  for (const { severity, ruleId, message, location } of problems) {
    console.log(`${severity} ${ruleId} ${location[0]?.source?.ref ?? ""} ${location[0]?.pointer ?? ""}: ${message}`);
  }
}
console.log(`${found} errors and warnings in ${reports.length} documents`);
process.exit(found > 0 ? 1 : 0);
