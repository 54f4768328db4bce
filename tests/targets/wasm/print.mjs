// Runs the golden script in Node.js: node print.mjs MODULE.wasm
import { readFileSync } from "node:fs";

let memory;
const host = {
  print: (text, length) => process.stdout.write(new Uint8Array(memory.buffer, text, length)),
};
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), { host });
memory = instance.exports.memory;
process.exitCode = instance.exports.report();
