/** A pool child that ends before it meets its parent. */
import process from "node:process";

console.error("no app here");
process.exit(3);
