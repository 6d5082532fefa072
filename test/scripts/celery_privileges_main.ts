/** Becomes the user that it is told, and says what it is then. */
import process from "node:process";
import { dropPrivileges } from "../../lib/celery/cli/privileges.ts";

dropPrivileges({ uid: process.argv[2], umask: "027" });
let mayGoBack = true;
try {
  process.setuid?.(0);
} catch {
  mayGoBack = false;
}
console.log(JSON.stringify({
  uid: process.getuid?.(),
  gid: process.getgid?.(),
  groups: process.getgroups?.(),
  umask: process.umask(0),
  mayGoBack,
}));
