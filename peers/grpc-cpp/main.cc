#include <iostream>

#include <grpcpp/grpcpp.h>

#include "peer.h"

nlohmann::json version() {
  return {{"stack", "grpc-cpp " + grpc::Version()}, {"runtime", "g++ " __VERSION__}};
}

static void run(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  if (role == "version") {
    std::cout << version() << std::endl;
  } else if (role == "server") {
    serve(argc - 2, argv + 2);
  } else if (role == "client") {
    load();
  } else {
    throw std::invalid_argument("usage: peer version | server --listen ADDRESS | client < CASE");
  }
}

int main(int argc, char** argv) {
  try {
    run(argc, argv);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
}
