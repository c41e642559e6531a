// A Greeter on @grpc/grpc-js, and a client that puts load on one.

const { version } = require("./version");

const USAGE = "usage: peer.js version | server --listen ADDRESS | client < CASE";

const roles = {
  version: () => console.log(JSON.stringify(version())),
  server: (args) => require("./server").serve(args),
  client: () => require("./client").load(),
};

function fail(error) {
  console.error(error?.message ?? error);
  process.exit(1);
}

async function main([role, ...args]) {
  if (!Object.hasOwn(roles, role ?? "")) throw new Error(USAGE);
  await roles[role](args);
}

process.on("uncaughtException", fail);
main(process.argv.slice(2)).catch(fail);
