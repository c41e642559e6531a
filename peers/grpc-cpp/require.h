#pragma once

#include <map>
#include <stdexcept>
#include <string>

#include <grpcpp/support/status.h>

#include "base64.h"

// The metadata that every call must have, by key; of -bin keys it is written in base64.
class Required {
 public:
  // Takes KEY=VALUE from the command line.
  void add(const std::string& written) {
    const auto sign = written.find('=');
    if (sign == std::string::npos) throw std::invalid_argument(written + " is not KEY=VALUE");
    pairs_[written.substr(0, sign)] = written.substr(sign + 1);
  }

  template <class Context>
  grpc::Status admit(const Context& context) const {
    for (const auto& [key, value] : pairs_) {
      const auto& metadata = context.client_metadata();
      const auto given = metadata.find(key);
      if (given == metadata.end() || text(key, {given->second.data(), given->second.size()}) != value) {
        return {grpc::StatusCode::UNAUTHENTICATED, "the call lacks the `" + key + "` that it must have"};
      }
    }
    return grpc::Status::OK;
  }

 private:
  static std::string text(const std::string& key, const std::string& value) {
    return is_binary(key) ? base64(value) : value;
  }

  std::map<std::string, std::string> pairs_;
};
