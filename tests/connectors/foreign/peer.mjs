// What the node-opcua peers share: the job from stdin, and a store that trusts the server of the job alone.
// Imported by a script that is called as: node SCRIPT.mjs <folder with node_modules> <work folder>
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [modules, work] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
export const opcua = require("node-opcua-client");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
export const job = JSON.parse(readFileSync(0, "utf8"));

export const store = new OPCUACertificateManager({
  rootFolder: join(work, "pki"),
  automaticallyAcceptUnknownCertificate: false,
});
await store.initialize();
await store.trustCertificate(readFileSync(job.server));

// Returns a client with the certificate of the job, signed and encrypted.
export const secured = () =>
  opcua.OPCUAClient.create({
    applicationName: "passline foreign client",
    applicationUri: job.uri,
    clientCertificateManager: store,
    certificateFile: job.certificate,
    privateKeyFile: job.key,
    securityMode: opcua.MessageSecurityMode.SignAndEncrypt,
    securityPolicy: opcua.SecurityPolicy.Basic256Sha256,
    serverCertificate: readFileSync(job.server),
    endpointMustExist: true,
    requestedSessionTimeout: 60000,
    connectionStrategy: { maxRetry: 2, initialDelay: 200, maxDelay: 1000 },
  });
