import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority of the test's own, made with the openssl program in `dir`. */
export class Authority {
  readonly cert: string;
  readonly #dir: string;
  readonly #name: string;
  #issued = 0;

  constructor(dir: string, name = "authority") {
    this.#dir = dir;
    this.#name = name;
    openssl(dir, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", `/CN=${name}`, "-days", "30"],
    ]);
    this.cert = readFileSync(join(dir, `${name}.crt`), "utf8");
  }

  /** @param altNames as openssl writes them: `DNS:localhost`, `IP:127.0.0.1` @param days negative: expired */
  issue(altNames: string, days = 30): Certificate {
    const name = `${this.#name}-${this.#issued++}`;
    openssl(this.#dir, [
      ...["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"],
      ...["-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`],
      ...["-addext", `subjectAltName=${altNames}`],
    ]);
    openssl(this.#dir, [
      ...["x509", "-req", "-in", `${name}.csr`, "-CA", `${this.#name}.crt`, "-CAkey", `${this.#name}.key`],
      ...["-CAcreateserial", "-copy_extensions", "copy", "-days", String(days), "-out", `${name}.crt`],
    ]);
    const read = (ending: string) => readFileSync(join(this.#dir, `${name}.${ending}`), "utf8");
    return { cert: read("crt"), key: read("key") };
  }
}

function openssl(cwd: string, args: readonly string[]): void {
  execFileSync("openssl", args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
}
