// Copies the browser SDK's standalone build and the parts it loads later to where the server embeds them.
import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const built = join(here, "node_modules/@segment/analytics-next/dist/umd");
const target = join(here, "../dist-sdk");
mkdirSync(target, { recursive: true });

const wanted = (name) => name === "standalone.js" || /^[\w-]+\.bundle\.[0-9a-f]+\.js$/.test(name);
const files = readdirSync(built).filter(wanted);
for (const file of files) copyFileSync(join(built, file), join(target, file));
console.log(`${files.length} files of the browser SDK in ${target}`);
