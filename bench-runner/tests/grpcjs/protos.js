// The messages and services of protos/proto, loaded from the folder that PROTOS names.

const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");
const path = require("node:path");

/** The name of a method as it stands in its path, "/package.Service/Method". */
exports.nameOf = (method) => method.path.split("/")[2];

exports.load = (file) => {
  const options = { keepCase: true, longs: Number, defaults: false, objects: true };
  return loader.loadSync(path.join(process.env.PROTOS, file), options);
};

/** Calls `request` and `reply` with the length of every message that passes, without its prefix. */
exports.measured = (service, request, reply) =>
  Object.fromEntries(
    Object.entries(service).map(([key, method]) => {
      const name = exports.nameOf(method);
      const parsed = (parse, count) => (bytes) => (count(name, bytes.length), parse(bytes));
      const serialized = (serialize, count) => (value) => {
        const bytes = serialize(value);
        count(name, bytes.length);
        return bytes;
      };
      return [
        key,
        {
          ...method,
          requestDeserialize: parsed(method.requestDeserialize, request),
          requestSerialize: serialized(method.requestSerialize, request),
          responseDeserialize: parsed(method.responseDeserialize, reply),
          responseSerialize: serialized(method.responseSerialize, reply),
        },
      ];
    }),
  );

exports.grpc = grpc;
