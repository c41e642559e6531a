// What this program is made of.

exports.version = () => ({
  stack: `grpc-js ${require("@grpc/grpc-js/package.json").version}`,
  runtime: `node ${process.version}`,
});
