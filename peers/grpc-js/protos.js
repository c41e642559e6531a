// The messages and services of protos/proto, loaded from the folder that PROTOS names.

const loader = require("@grpc/proto-loader");
const path = require("node:path");

const OPTIONS = { keepCase: true, longs: Number, enums: String, defaults: false, objects: true };

const load = (file) => loader.loadSync(path.join(process.env.PROTOS, file), OPTIONS);

/** Tells `request` and `reply` the method, the encoded length and the content of every message that passes. */
exports.greeter = (request, reply) =>
  Object.fromEntries(
    Object.entries(load("helloworld.proto")["helloworld.Greeter"]).map(([name, method]) => {
      const parsed = (parse, tell) => (bytes) => {
        const message = parse(bytes);
        tell(name, bytes.length, message);
        return message;
      };
      const serialized = (serialize, tell) => (message) => {
        const bytes = serialize(message);
        tell(name, bytes.length, message);
        return bytes;
      };
      return [
        name,
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

exports.reference = () => load("reference.proto")["bench_runner.reference.v1.Reference"];
