// A Greeter on gRPC C++, and a client that puts load on one.
#pragma once

#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

// What this program is made of.
nlohmann::json version();

// Prints the address and serves until standard input closes or SIGTERM comes.
void serve(int argc, char** argv);

// Reads a case from standard input, plays it and prints what came of it.
void load();
