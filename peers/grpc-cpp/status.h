#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include <grpcpp/support/status.h>

// The names of the status codes, which the library keeps to itself.
constexpr std::array<const char*, 17> kStatusNames = {
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"};

inline std::optional<grpc::StatusCode> status_named(const std::string& name) {
  auto found = std::find(kStatusNames.begin(), kStatusNames.end(), name);
  if (found == kStatusNames.end()) return std::nullopt;
  return static_cast<grpc::StatusCode>(found - kStatusNames.begin());
}
