import { loopSection } from "./loop-two.ts";
const rows = await loopSection.run();
console.log(JSON.stringify(Object.fromEntries(rows.map((r) => [r.what, r.value]))));
process.exit();
