"""The generated stubs, which set-up has put beside the interpreter."""

import os
import sys

sys.path.append(os.path.join(sys.prefix, "stubs"))

from helloworld_pb2 import (  # noqa: E402
    WHEN_AFTER_ALL,
    WHEN_AFTER_FIRST,
    WHEN_DEFAULT,
    WHEN_EACH,
    WHEN_EVERY,
    HelloReply,
    HelloRequest,
    ReplyShape,
)
from helloworld_pb2_grpc import (  # noqa: E402
    GreeterServicer,
    GreeterStub,
    add_GreeterServicer_to_server,
)
from reference_pb2 import Counters, MethodCounters  # noqa: E402
from reference_pb2_grpc import (  # noqa: E402
    ReferenceServicer,
    add_ReferenceServicer_to_server,
)

__all__ = [
    "WHEN_AFTER_ALL",
    "WHEN_AFTER_FIRST",
    "WHEN_DEFAULT",
    "WHEN_EACH",
    "WHEN_EVERY",
    "Counters",
    "GreeterServicer",
    "GreeterStub",
    "HelloReply",
    "HelloRequest",
    "MethodCounters",
    "ReferenceServicer",
    "ReplyShape",
    "add_GreeterServicer_to_server",
    "add_ReferenceServicer_to_server",
]
