// A small plant on node-opcua's server, for passline's own client to read, follow, browse and write.
// Usage: node serve_plant.mjs <folder with node_modules> <work folder>   (the job is JSON on stdin)
// Job: port, namespace, certificate, key (PEM), clients (DER files), uri, users {name: password}.
// Prints one JSON line when it listens. Numbers: Heartbeat and Ramp count up every 50 ms,
// one writable node of each kind, Silent with a bad status, Level with an uncertain one.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const [modules, work] = process.argv.slice(2);
const require = createRequire(join(modules, "package.json"));
const opcua = { ...require("node-opcua-client"), ...require("node-opcua-server") };
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const job = JSON.parse(readFileSync(0, "utf8"));

const store = new OPCUACertificateManager({
  rootFolder: join(work, "server_pki"),
  automaticallyAcceptUnknownCertificate: false,
});
await store.initialize();
for (const file of job.clients) await store.trustCertificate(readFileSync(file));

const server = new opcua.OPCUAServer({
  port: job.port,
  hostname: "127.0.0.1",
  serverInfo: { applicationUri: job.uri },
  certificateFile: job.certificate,
  privateKeyFile: job.key,
  serverCertificateManager: store,
  securityPolicies: [opcua.SecurityPolicy.Basic256Sha256],
  securityModes: [opcua.MessageSecurityMode.SignAndEncrypt],
  allowAnonymous: false,
  userManager: { isValidUser: (name, password) => job.users[name] === password },
  disableDiscovery: true,
});
await server.initialize();
const space = server.engine.addressSpace;
const own = space.registerNamespace(job.namespace);
const plant = own.addFolder(space.rootFolder.objects, { browseName: "Plant", nodeId: "s=Plant" });

function add(name, dataType, value, writable = false) {
  const access = writable ? "CurrentRead | CurrentWrite" : "CurrentRead";
  const node = own.addVariable({
    componentOf: plant,
    browseName: name,
    nodeId: `s=${name}`,
    dataType,
    accessLevel: access,
    userAccessLevel: access,
    minimumSamplingInterval: 20,
  });
  const arrayType = opcua.VariantArrayType.Scalar;
  node.setValueFromSource({ dataType: opcua.DataType[dataType], arrayType, value });
  return node;
}

const beat = add("Heartbeat", "Double", 0);
const ramp = add("Ramp", "Double", 0);
const level = add("Level", "Double", 1);
const silent = add("Silent", "Double", 2);
const { StatusCodes } = opcua;
level.setValueFromSource({ dataType: opcua.DataType.Double, value: 1 }, StatusCodes.UncertainLastUsableValue);
silent.setValueFromSource({ dataType: opcua.DataType.Double, value: 2 }, StatusCodes.BadSensorFailure);
for (const [kind, dataType] of Object.entries({
  bool: "Boolean", i16: "Int16", u16: "UInt16", i32: "Int32", u32: "UInt32",
  i64: "Int64", u64: "UInt64", f32: "Float", f64: "Double",
})) {
  const zero = dataType === "Boolean" ? false : dataType.endsWith("Int64") ? [0, 0] : 0;
  add(kind, dataType, zero, true);
}
let count = 0;
setInterval(() => {
  count += 1;
  beat.setValueFromSource({ dataType: opcua.DataType.Double, value: count });
  ramp.setValueFromSource({ dataType: opcua.DataType.Double, value: 0.5 * count });
}, 50);
await server.start();
console.log(JSON.stringify({ ready: true }));
