/**
 * The only file of this folder that reads the environment.
 * @module
 */
import process from "node:process";
import { configFromVariables, type PyroConfig } from "./config.ts";

/**
 * What daemons, proxies and `locateNS` use where nothing else is said: the defaults and the `PYRO_…` variables, read when
 * this module is first imported. Assigning to an item changes what is built from then on, as in Python.
 */
export const config: PyroConfig = configFromVariables(process.env);
