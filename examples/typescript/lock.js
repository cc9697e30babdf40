// Leaves out of package-lock.json who asks for donations where; the hashes say what is installed.
import { readFileSync, writeFileSync } from "node:fs";

const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
for (const part of Object.values(lock.packages)) {
  delete part.funding;
}
writeFileSync("package-lock.json", `${JSON.stringify(lock, null, 2)}\n`);
