"""TLS, where the command line or the case names files for it."""

import grpc


def read(path):
    if path is None:
        return None
    with open(path, "rb") as file:
        return file.read()


def add_port(server, options):
    """Listens: the scheme and the port."""
    if options.tls_cert is None:
        return "http", server.add_insecure_port(options.listen)
    pair = (read(options.tls_key), read(options.tls_cert))
    clients = read(options.tls_client_ca)
    credentials = grpc.ssl_server_credentials([pair], clients, require_client_auth=clients is not None)
    return "https", server.add_secure_port(options.listen, credentials)


def channel(api, case, options):
    """A channel of `grpc` or of `grpc.aio`."""
    if case.tls is None:
        return api.insecure_channel(case.address, options)
    ca, key, cert = (read(case.tls[name]) for name in ("ca", "key", "cert"))
    if case.tls["server_name"] is not None:
        options = [*options, ("grpc.ssl_target_name_override", case.tls["server_name"])]
    return api.secure_channel(case.address, grpc.ssl_channel_credentials(ca, key, cert), options)
